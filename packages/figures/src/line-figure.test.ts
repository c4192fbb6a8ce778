import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { lineFigure, type LineData } from "./index.ts";

const over = (lines: LineData["lines"], y: LineData["y"] = { label: "v" }): LineData => ({
  x: { label: "step", values: Array.from({ length: countOf(lines) }, (_, i) => i) },
  y,
  lines,
});

function countOf(lines: LineData["lines"]): number {
  const [first = []] = Object.values(lines);
  return "length" in first ? first.length : first.values.length;
}

/** The subpaths of the elements with this class, as lists of places. */
function pathsOf(svg: string, kind: string): [number, number][][] {
  return [...svg.matchAll(new RegExp(`<path class="${kind}" d="([^"]*)"`, "g"))].map(([, d = ""]) =>
    [...d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  );
}

test("a value has the height of its grid line, and a step the place of its tick", () => {
  const svg = lineFigure(over({ v: [0, 2, 4, 8, 10] }), { extent: [0, 10] });
  const [line] = pathsOf(svg, "line");
  const grid = [...svg.matchAll(/M[\d.]+,([\d.]+)H/g)].map(([, y]) => Number(y));
  // Ticks 0, 2, 4, 6, 8, 10, and the horizontal axis.
  expect(grid.slice(0, 6)).toHaveLength(6);
  expect(line!.map(([, y]) => y)).toEqual([0, 1, 2, 4, 5].map((tick) => grid[tick]));
  const ticks = [...svg.matchAll(/M([\d.]+),[\d.]+v4/g)].map(([, x]) => Number(x));
  expect(line!.map(([x]) => x)).toEqual(ticks);
});

test("missing steps leave gaps, and a step between two gaps is a dot", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i % 10 === 5 || i === 7 ? Number.NaN : i));
  const svg = lineFigure(over({ v: values, w: values.map(() => 1) }));
  const runs = pathsOf(svg, "line");
  expect(runs).toHaveLength(11 + 1);
  expect(svg.match(/class="dot halo"/g)).toHaveLength(1);
  expect(svg).toContain("v: 0 to 99.00, 11 of 100 missing");
});

test("a band is the mean with its deviation to both sides, and a pointer shows it", () => {
  const given = over({
    v: { values: [1, 2], deviation: [0.5, 0.25] },
    w: { values: [1, 2], low: [0, 2], high: [1, 3] },
  });
  const svg = lineFigure(given, { extent: [0, 3] });
  const [v, w] = pathsOf(svg, "band");
  const line = pathsOf(svg, "line");
  // By the line of v: 1 and 2 are at these heights.
  const [one, two] = [line[0]![0]![1], line[0]![1]![1]];
  const heights = [1.5, 2.25, 1.75, 0.5].map((value) => one + (value - 1) * (two - one));
  v!.forEach(([, y], i) => expect(y).toBeCloseTo(heights[i]!, 0));
  [1, 3, 2, 0].forEach((value, i) => expect(w![i]![1]).toBeCloseTo(one + (value - 1) * (two - one), 0));
  expect(svg).toContain("<title>v: 1.000, 0.5000 to 1.500; step 0</title>");
  expect(svg).toContain("<title>w: 2.000, 2.000 to 3.000; step 1</title>");
});

test("10,000 points keep the extremes of every pixel, and no more than four points for each", () => {
  const values = Array.from({ length: 10_000 }, (_, i) => (i === 4321 ? 50 : i === 8765 ? -50 : i % 7));
  const svg = lineFigure(over({ v: values }), { extent: [-50, 50] });
  const [line] = pathsOf(svg, "line");
  expect(line!.length).toBeLessThan(4 * 640);
  const heights = line!.map(([, y]) => y);
  const dense = lineFigure(over({ v: [0, 50, -50] }), { extent: [-50, 50] });
  const [, highest, lowest] = pathsOf(dense, "line")[0]!.map(([, y]) => y);
  expect([Math.min(...heights), Math.max(...heights)]).toEqual([highest, lowest]);
  expect(svg.length).toBeLessThan(60_000);
});

test("with a floor, 0 and tiny values are drawn at it, and the figure says so", () => {
  const y = { label: "norm", log: true, floor: 1e-6 };
  const svg = lineFigure(over({ v: [0, 1e-9, 1e-6, 1e-3, 1] }, y));
  const heights = pathsOf(svg, "line")[0]!.map(([, place]) => place);
  expect(heights[0]).toBe(heights[1]);
  expect(heights[1]).toBe(heights[2]);
  expect(heights[2]! - heights[3]!).toBeCloseTo(heights[3]! - heights[4]!, 0);
  expect(svg).toContain("0 and values below 1.00×10⁻⁶ are drawn at 1.00×10⁻⁶</text>");
  expect(lineFigure(over({ v: [0, 1] }, y), { width: 240 })).toContain(">0 to 1.00×10⁻⁶: at the bottom</text>");
  // A pointer shows the value itself.
  expect(svg).toContain("v: 1.00×10⁻⁹; step 1");
  expect(lineFigure(over({ v: [1e-6, 1] }, y))).not.toContain("are drawn at");
  // Without a floor they are gaps.
  expect(pathsOf(lineFigure(over({ v: [0, 1, 10] }, { label: "norm", log: true })), "line")[0]).toHaveLength(2);
});

test("40 lines differ in colour or dashes", () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`line ${i}`, [i, i + 1]]));
  const svg = lineFigure(over(many), { height: 900 });
  const looks = [
    ...svg.matchAll(/<g class="(c\d)"><title>line \d+.*?<path class="line" d="[^"]*"(?: stroke-dasharray="([^"]*)")?/g),
  ];
  expect(new Set(looks.map(([, colour, dashes]) => `${colour} ${dashes}`)).size).toBe(40);
});

test("names stand at the ends of lines, or above the plot if there is no room", () => {
  const lines = { first: [1, 2], second: [1, 2.01] };
  const wide = lineFigure(over(lines));
  const ends = [...wide.matchAll(/<text class="label c\d" x="([\d.]+)" y="([\d.]+)">(\w+)/g)];
  expect(ends.map(([, , , name]) => name)).toEqual(["second", "first"]);
  expect(Number(ends[1]![2]) - Number(ends[0]![2])).toBeGreaterThanOrEqual(14.9);
  const narrow = lineFigure(over(lines), { width: 300 });
  expect(narrow).not.toContain('class="label');
  expect(narrow).toContain(">second</text>");
});

test("lines may have places of their own, without gaps where only another line has a value", () => {
  const svg = lineFigure({
    x: { label: "step", values: [] },
    y: { label: "v" },
    lines: { a: { x: [0, 2, 4], values: [1, 2, 3] }, b: { x: [0, 3], values: [1, 1] } },
  });
  expect(pathsOf(svg, "line").map((path) => path.length)).toEqual([3, 2]);
  const [a, b] = pathsOf(svg, "line");
  // 3 of 4 steps along the axis.
  expect(b![1]![0]).toBeCloseTo(a![0]![0] + 0.75 * (a![2]![0] - a![0]![0]), 0);
  expect(svg).toContain("b: 1.000; step 3");
});

test("figures with one order draw a name alike, and crosses have the colour of their line", () => {
  const order = ["a", "b", "c"];
  const two = lineFigure({ ...over({ c: [1, 2], a: [2, 1] }), crosses: { c: [{ x: 1, y: 2 }] } }, { order });
  expect(two).toMatch(/<g class="c2"><title>c: .*?stroke-dasharray="2 3"/);
  expect(two).toMatch(/<g class="c0"><title>a: /);
  expect(two).toMatch(/<g class="c2"><title>c: [^]*?l8,8m0,-8l-8,8"\/>[^]*?<g class="c0">/);
  expect(lineFigure(over({ new: [1, 2] }), { order })).toContain('<g class="c3"><title>new: ');
});

test("a pointer tells the values of about as many points as asked for, always of the last", () => {
  const svg = lineFigure(over({ v: Array.from({ length: 1000 }, (_, i) => i) }), { told: 50 });
  expect(svg.match(/class="hover"/g)).toHaveLength(50);
  expect(svg).toContain("v: 999.0; step 999");
  expect(lineFigure(over({ v: [1, 2] }), { told: 0 })).not.toContain('class="hover"');
});

test("the same data give the same bytes on every machine", () => {
  const values = Array.from({ length: 50 }, (_, i) => (i * 37) % 11);
  const svg = lineFigure(
    over(
      { a: { values, deviation: values.map((v) => v / 10) }, b: values.map((v) => 11 - v) },
      { label: "v", log: true },
    ),
    { title: "Bytes" },
  );
  expect(createHash("sha256").update(svg).digest("hex")).toBe(
    "e80ef5af8d49047e11e97a245041ac954fa1e5f8931fbdd6445d4b0eede39003",
  );
});

test.each<[string, () => unknown, string]>([
  [
    "a short line",
    () => lineFigure({ ...over({ a: [1, 2] }), lines: { a: [1] } }),
    "lineFigure: a has 1 values, expected 2",
  ],
  [
    "x that does not increase",
    () => lineFigure({ x: { label: "t", values: [0, 2, 2] }, y: { label: "v" }, lines: {} }),
    "lineFigure: x.values must be finite and increase, but value 2 is 2 after 2",
  ],
  [
    "a place of a line's own",
    () => lineFigure(over({ a: { x: [1, 1], values: [1, 2] } })),
    "lineFigure: x of a must be finite and increase, but value 1 is 1 after 1",
  ],
  [
    "a cross of no line",
    () => lineFigure({ ...over({ a: [1] }), crosses: { b: [] } }),
    "lineFigure: crosses names b, but the lines are a",
  ],
  ["told", () => lineFigure(over({ a: [1] }), { told: 0.5 }), "lineFigure: told must be a whole number of points"],
  [
    "an infinite x",
    () => lineFigure({ x: { label: "t", values: [Number.NaN] }, y: { label: "v" }, lines: {} }),
    "lineFigure: x.values must be finite and increase, but value 0 is NaN",
  ],
  [
    "a logarithmic x at 0",
    () => lineFigure({ x: { label: "t", values: [0, 1], log: true }, y: { label: "v" }, lines: { a: [1, 2] } }),
    "lineFigure: x is logarithmic, so x.values must be above 0, got 0",
  ],
  [
    "an extent",
    () => lineFigure(over({ a: [1] }), { extent: [2, 1] }),
    "extent must be [low, high] with low < high, got [2, 1]",
  ],
  [
    "an extent of 0 on a logarithmic axis",
    () => lineFigure(over({ a: [1] }, { label: "v", log: true }), { extent: [0, 1] }),
    "lineFigure: extent must be above 0 on a logarithmic axis, got [0, 1]",
  ],
  [
    "a floor on a linear axis",
    () => lineFigure(over({ a: [1] }, { label: "v", floor: 1 })),
    "lineFigure: y.floor must be above 0, on a logarithmic axis, got 1",
  ],
  [
    "two kinds of variation",
    () => lineFigure(over({ a: { values: [1], deviation: [1], low: [1], high: [1] } })),
    "lineFigure: a has both deviation and low or high; give one of them",
  ],
  ["one end", () => lineFigure(over({ a: { values: [1], low: [1] } })), "lineFigure: a has low without high"],
  [
    "41 lines",
    () => lineFigure(over(Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`${i}`, [1]])))),
    "lineFigure: 41 lines, but only 40 can be told apart; draw a heat map, or a mean with a band",
  ],
  [
    "no label",
    () => lineFigure({ ...over({}), y: {} as { label: string } }),
    'y must be an axis such as { label: "step" }',
  ],
  [
    "a level",
    () => lineFigure({ ...over({ a: [1] }), levels: { edge: Number.NaN } }),
    "lineFigure: level edge must be a number",
  ],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
