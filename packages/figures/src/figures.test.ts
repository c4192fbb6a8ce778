// What all figures have in common, for any values.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  barFigure,
  figureGrid,
  heatMapFigure,
  lineFigure,
  scatterFigure,
  type FigureOptions,
  type Theme,
} from "./index.ts";

const step = { label: "step" };
const value = { label: "value", unit: "nats" };

/** A figure of each kind from any rows of numbers, all as long as the first. */
const kinds: Readonly<Record<string, (rows: readonly number[][], options?: FigureOptions) => string>> = {
  lineFigure: (rows, options) =>
    lineFigure(
      {
        x: { ...step, values: rows[0]!.map((_, i) => i) },
        y: value,
        lines: { "a & b": rows[0]!, c: { values: rows[0]!, deviation: rows[1]! } },
      },
      options,
    ),
  "logarithmic lineFigure": (rows, options) =>
    lineFigure(
      {
        x: { ...step, values: rows[0]!.map((_, i) => i) },
        y: { ...value, log: true, floor: 1e-20 },
        lines: { a: { values: rows[0]!, low: rows[1]!, high: rows[2]! } },
      },
      options,
    ),
  heatMapFigure: (rows, options) => heatMapFigure({ x: step, y: { label: "unit" }, value, rows }, options),
  scatterFigure: (rows, options) =>
    scatterFigure(
      {
        x: step,
        y: value,
        points: { "<a>": { x: rows[0]!, y: rows[1]! }, b: { x: rows[2]!, y: rows[0]!, filled: false } },
        paths: { p: [{ x: rows[0]!, y: rows[1]! }] },
        guides: [{ circle: 1 }],
      },
      options,
    ),
  "logarithmic scatterFigure": (rows, options) =>
    scatterFigure(
      { x: { ...step, log: true }, y: { ...value, log: true }, points: { a: { x: rows[0]!, y: rows[1]! } } },
      options,
    ),
  barFigure: (rows, options) =>
    barFigure(
      {
        value,
        names: rows[0]!.map((_, i) => `"${i}"`),
        bars: { a: rows[0]!, b: { values: rows[1]!, deviation: rows[2]! } },
        levels: { whole: 0.5 },
      },
      options,
    ),
};

const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324),
);
const anyRows = fc
  .integer({ min: 0, max: 12 })
  .chain((count) =>
    fc.array(fc.array(anyNumber, { minLength: count, maxLength: count }), { minLength: 3, maxLength: 3 }),
  );

/** The names of open elements after each tag; throws where one is closed that is not open. */
function elementsOf(svg: string): string[] {
  const open: string[] = [];
  const all: string[] = [];
  for (const [, closing, name = "", rest = ""] of svg.matchAll(/<(\/?)([\w-]+)((?:\s[\w:-]+="[^"<>]*")*\s*\/?)>/g)) {
    if (closing === "/") expect(open.pop()).toBe(name);
    else {
      all.push(name);
      if (!rest.endsWith("/")) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return all;
}

describe.each(Object.entries(kinds))("%s", (_, draw) => {
  test("is a well-formed figure without a number that is none, whatever the values", () => {
    fc.assert(
      fc.property(anyRows, fc.constantFrom<Theme>("auto", "light", "dark"), fc.boolean(), (rows, theme, small) => {
        const size = small ? { width: 160, height: 120 } : {};
        const svg = draw(rows, { theme, title: `"<&>"`, ...size });
        expect(elementsOf(svg).length).toBeGreaterThan(5);
        expect(svg.replaceAll(/<[^>]*>/g, "")).not.toMatch(/[<>]/);
        expect(svg).not.toMatch(/NaN|Infinity|undefined|\[object/);
        expect(svg).not.toMatch(/(width|height|r|rx|ry)="-/);
      }),
      { numRuns: 60 },
    );
  });

  const rows = [
    [0.1, 0.5, 0.3],
    [0.2, 0.1, 0.4],
    [0.3, 0.6, 0.5],
  ];

  test("says what it is to those who do not see it", () => {
    const svg = draw(rows, { title: "A title" });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
    expect(svg).toContain('role="img" aria-label="A title. ');
    expect(svg).toContain("<title>A title</title><desc>");
    expect(draw(rows, { description: "What to see" })).toContain("<title>What to see</title><desc>What to see</desc>");
  });

  test("has the asked size, and no ids, scripts or addresses", () => {
    const svg = draw(rows, { width: 333, height: 222 });
    expect(svg).toContain('viewBox="0 0 333 222" width="333" height="222"');
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/ id=|<script|url\(|https?:/);
  });

  test("follows the page's theme by default; a fixed theme has no variables", () => {
    expect(draw(rows)).toContain("@media (prefers-color-scheme:dark)");
    for (const theme of ["light", "dark"] as const) {
      const svg = draw(rows, { theme });
      expect(svg).not.toMatch(/var\(|@media/);
      expect(svg).toContain(`class="sluice-figure sluice-${theme}"`);
    }
    expect(draw(rows, { theme: "light" })).not.toBe(draw(rows, { theme: "dark" }));
  });

  test.each<[object, string]>([
    [{ widht: 300 }, "unknown option widht; did you mean width?"],
    [{ width: 10 }, "width must be whole pixels from 160 to 4000, got 10"],
    [{ height: 300.5 }, "height must be whole pixels from 120 to 20000, got 300.5"],
    [{ theme: "sepia" }, 'theme must be one of auto, light, dark, got "sepia"'],
    [{ title: 7 }, "title must be a text, got 7"],
  ])("refuses %o", (options, message) => {
    expect(() => draw(rows, options)).toThrow(message);
  });
});

describe("a grid of figures", () => {
  const figure = (title: string, theme: Theme = "auto"): string =>
    kinds["lineFigure"]!(
      [
        [1, 2],
        [0, 1],
      ],
      { title, theme, width: 300, height: 200 },
    );
  const map = heatMapFigure({ x: step, y: step, value, rows: [[1, 2]] }, { title: "map", width: 260, height: 150 });

  test("places figures in rows and writes their style once", () => {
    const svg = figureGrid([figure("a <b>"), map, figure("c")], { title: "All", gap: 10 });
    elementsOf(svg);
    expect(svg).toContain('viewBox="0 0 570 440"');
    const places = [...svg.matchAll(/<svg x="(\d+)" y="(\d+)" width="\d+" height="\d+" role="img"/g)];
    expect(places.map(([, x, y]) => [Number(x), Number(y)])).toEqual([
      [0, 30],
      [310, 30],
      [0, 240],
    ]);
    expect(svg.match(/prefers-color-scheme/g)).toHaveLength(2);
    expect(svg).toContain('aria-label="All. a &lt;b&gt;; map; c"');
    expect(figureGrid([map]).match(/<svg /g)).toHaveLength(2);
  });

  test.each<[string, () => unknown, string]>([
    ["no figures", () => figureGrid([]), "figureGrid: expected at least one figure"],
    ["another text", () => figureGrid([map, "<svg></svg>"]), "figureGrid: text 1 is not a figure of this package"],
    ["themes", () => figureGrid([map, figure("a", "dark")]), "figureGrid: figures of the themes auto and dark"],
    ["columns", () => figureGrid([map], { columns: 0 }), "columns must be a whole number from 1, got 0"],
    ["gap", () => figureGrid([map], { gap: -1 }), "gap must be 0 to 1000 pixels, got -1"],
    ["an option", () => figureGrid([map], { colums: 2 } as object), "unknown option colums; did you mean columns?"],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
