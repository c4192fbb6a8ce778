import { describe, expect, test } from "vitest";
import { barFigure, heatMapFigure, scatterFigure } from "./index.ts";

const x = { label: "step" };
const y = { label: "unit" };
const value = { label: "change", unit: "nats" };

describe("a heat map", () => {
  const cellsOf = (svg: string): [string, string][] =>
    [...svg.matchAll(/<rect class="(\w\d+)"[^>]*><title>([^;]*);/g)].map(([, level = "", text = ""]) => [text, level]);

  test("has blue below zero, orange above, symmetric, and the middle of the colours for zero", () => {
    const svg = heatMapFigure({ x, y, value, rows: [[-2, 0, 1, 2]] });
    expect(cellsOf(svg)).toEqual([
      ["−2.000 nats", "d0"],
      ["0 nats", "d32"],
      ["1.000 nats", "d48"],
      ["2.000 nats", "d64"],
    ]);
  });

  test("is sequential without negative values, from the lowest to the highest", () => {
    expect(
      cellsOf(
        heatMapFigure({
          x,
          y,
          value,
          rows: [
            [1, 2],
            [3, 1.5],
          ],
        }),
      ).map(([, level]) => level),
    ).toEqual(["s0", "s32", "s64", "s16"]);
    expect(cellsOf(heatMapFigure({ x, y, value, rows: [[1, 2]] }, { extent: [0, 4] }))[1]?.[1]).toBe("s32");
    expect(cellsOf(heatMapFigure({ x, y, value, rows: [[3]] }, { palette: "diverging" }))[0]?.[1]).toBe("d64");
  });

  test("tells row and column of each cell, and hatches what is missing", () => {
    const svg = heatMapFigure({ x: { label: "step", names: ["a", "b"] }, y, value, rows: [[1, Number.NaN]] });
    expect(svg).toContain("<title>1.000 nats; unit 0, step a</title>");
    expect(cellsOf(svg)).toHaveLength(1);
    expect(svg).toContain("<title>missing</title>");
    expect(heatMapFigure({ x, y, value, rows: [[1, 2]] })).not.toContain("missing<");
  });

  test("prints values into large cells, and marks negative ones without colour in smaller cells", () => {
    expect(heatMapFigure({ x, y, value, rows: [[0.25, 12.34]] })).toMatch(/>0\.25<\/text>.*>12\.3<\/text>/);
    expect(heatMapFigure({ x, y, value, rows: [[0.25, 0.5]] }, { numbers: false })).not.toContain(">0.25</text>");
    const rows = [Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? -1 : 1))];
    expect(
      heatMapFigure({ x, y, value, rows })
        .match(/class="minus" d="([^"]*)"/)?.[1]
        ?.match(/M/g),
    ).toHaveLength(20);
  });

  test("slants names of columns that are too long, and leaves out those without room", () => {
    const named = (width: number): number => {
      const names = ["the first network", "the second network", "the third network"];
      const svg = heatMapFigure({ x: { label: "", names }, y, value, rows: [[1, 2, 3]] }, { width });
      return svg.match(/rotate\(-35\)/g)?.length ?? 0;
    };
    expect([named(900), named(420), named(180)]).toEqual([0, 3, 2]);
  });

  test("joins columns beyond its pixels, and says how many", () => {
    const rows = [Array.from({ length: 10_000 }, (_, i) => i), Array.from({ length: 10_000 }, () => Number.NaN)];
    const svg = heatMapFigure({ x, y, value, rows });
    const joined = Number(/each column is the mean of (\d+)/.exec(svg)?.[1]);
    expect(joined).toBeGreaterThan(15);
    expect(cellsOf(svg)[1]?.[0]).toBe(`${(joined + (joined - 1) / 2).toFixed(2)} nats`);
    expect(svg.length).toBeLessThan(400_000);
  });

  test.each<[string, () => unknown, string]>([
    [
      "rows",
      () => heatMapFigure({ x, y, value, rows: [[1], [1, 2]] }),
      "heatMapFigure: row 1 has 2 values, expected 1",
    ],
    [
      "names",
      () => heatMapFigure({ x, y: { label: "u", names: ["a"] }, value, rows: [] }),
      "heatMapFigure: y.names has 1 values, expected 0",
    ],
    [
      "a palette",
      () => heatMapFigure({ x, y, value, rows: [] }, { palette: "jet" } as object),
      'palette must be sequential or diverging, got "jet"',
    ],
    [
      "an extent",
      () => heatMapFigure({ x, y, value, rows: [] }, { extent: [0, 0] }),
      "heatMapFigure: extent must be [low, high]",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("a scatter figure", () => {
  test("has a marker of its own for each kind, filled or open", () => {
    const at = { x: [0], y: [0] };
    const svg = scatterFigure({ x, y, points: { stable: at, saddle: { ...at, filled: false }, slow: at } });
    const shapes = [...svg.matchAll(/class="(dot halo|open)" d="M[\d.]+,[\d.]+([^"]*)"><title>(\w+)/g)];
    expect(shapes.map(([, style, , kind]) => [kind, style])).toEqual([
      ["stable", "dot halo"],
      ["saddle", "open"],
      ["slow", "dot halo"],
    ]);
    expect(new Set(shapes.map(([, , shape]) => shape)).size).toBe(3);
  });

  test("tells the place and name of each point", () => {
    const svg = scatterFigure({ x, y, points: { units: { x: [0.5], y: [-1], names: ["unit 3"] } } });
    expect(svg).toContain("<title>units, unit 3: step 0.5000, unit −1.000</title>");
  });

  test("a circle is round, and a unit as long on both axes", () => {
    const svg = scatterFigure({ x, y, points: { e: { x: [0, 3], y: [0, 0] } }, guides: [{ circle: 1 }] });
    const [, rx, ry] = /<ellipse[^>]* rx="([\d.]+)" ry="([\d.]+)"/.exec(svg) ?? [];
    expect(Math.abs(Number(rx) - Number(ry))).toBeLessThan(0.11);
  });

  test("a path has a start, arrowheads, and gaps where it is not known", () => {
    const path = { x: [0, 1, Number.NaN, 2, 3], y: [0, 1, 1, 1, 0] };
    const svg = scatterFigure({ x, y, paths: { runs: [path] } });
    expect(svg.match(/class="path" d="M/g)).toHaveLength(2);
    expect(svg.match(/class="open" cx/g)).toHaveLength(2);
    expect(svg.match(/class="dot" d="M/g)).toHaveLength(2);
  });

  test("10,000 points are dots", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007);
    const svg = scatterFigure({ x, y, points: { many: { x: many, y: many.map((v) => (v * 31) % 997) } } });
    expect(svg.length).toBeLessThan(250_000);
    expect(svg).toContain("<title>many: 10000 points</title>");
  });

  test.each<[string, () => unknown, string]>([
    [
      "lengths",
      () => scatterFigure({ x, y, points: { a: { x: [1], y: [] } } }),
      "scatterFigure: y of a has 0 values, expected 1",
    ],
    [
      "names",
      () => scatterFigure({ x, y, points: { a: { x: [1], y: [1], names: [] } } }),
      "names of a has 0 values, expected 1",
    ],
    ["paths", () => scatterFigure({ x, y, paths: { a: [{ x: [1], y: [] }] } }), "y of path 0 of a has 0 values"],
    [
      "equal",
      () => scatterFigure({ x: { ...x, log: true }, y }, { equal: true }),
      "scatterFigure: equal needs two linear axes",
    ],
    [
      "a guide",
      () => scatterFigure({ x, y, guides: [{ circle: Number.NaN }] }),
      "a guide must be a { circle } or { from, to } of numbers",
    ],
    [
      "nine kinds",
      () =>
        scatterFigure({ x, y, points: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, { x: [], y: [] }])) }),
      "scatterFigure: 9 kinds of points and paths, but only 8 can be told apart",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("bars", () => {
  const barsOf = (svg: string): number[] =>
    [...svg.matchAll(/<rect class="bar" x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="[\d.]+"\/>/g)].map(([, w]) =>
      Number(w),
    );

  test("are as long as their values, from 0 to both sides", () => {
    const svg = barFigure({ value, names: ["a", "b", "c"], bars: { v: [1, 2, -1] } });
    const [a, b, c] = barsOf(svg);
    expect(b! / a!).toBeCloseTo(2, 1);
    expect(c).toBeCloseTo(a!, 0);
    expect(svg).toContain(">2.0</text>");
  });

  test("have error bars, and say what is missing", () => {
    const svg = barFigure({ value, names: ["a", "b"], bars: { v: { values: [1, Number.NaN], deviation: [0.5, 1] } } });
    expect(svg.match(/class="whisker"/g)).toHaveLength(1);
    expect(svg).toContain("<title>a: 1.000, 0.5000 to 1.500</title>");
    expect(svg).toContain(">missing<title>b: missing</title>");
  });

  test("long names are cut, and a pointer shows them whole", () => {
    const long = "a very long name of a modification that nobody would want to shorten by hand";
    expect(barFigure({ value, names: [long], bars: { v: [1] } })).toMatch(
      new RegExp(`>a very[^<]*…<title>${long}</title>`),
    );
  });

  test.each<[string, () => unknown, string]>([
    ["a count", () => barFigure({ value, names: ["a"], bars: { v: [] } }), "barFigure: v has 0 values, expected 1"],
    [
      "log",
      () => barFigure({ value: { label: "v", log: true }, names: [], bars: {} }),
      "value cannot be logarithmic, because bars begin at 0",
    ],
    [
      "nine",
      () => barFigure({ value, names: [], bars: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, []])) }),
      "barFigure: 9 bars for each name, but only 8 can be told apart",
    ],
    [
      "a level",
      () => barFigure({ value, names: [], bars: {}, levels: { a: Infinity } }),
      "barFigure: level a must be a number",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
