import { expect, test } from "vitest";
import { linearAxis, logAxis } from "./axes.ts";
import { curve } from "./curve.ts";
import { significant } from "./numbers.ts";
import { defaults } from "./settings.ts";

test("an axis has round ticks, and no more than are wanted", () => {
  expect(linearAxis(0, 600, [0, 1], 8).ticks).toEqual([0, 100, 200, 300, 400, 500, 600]);
  expect(linearAxis(734, 1734, [0, 1], 4).ticks).toEqual([1000, 1500]);
  expect(linearAxis(-0.25, 2.25, [0, 1], 3).ticks.map(String)).toEqual(["0", "1", "2"]);
});

test("a logarithmic axis has a tick a decade, and equal factors are equally far apart", () => {
  const { place, ticks } = logAxis(0.001, 2, [300, 0]);
  expect(ticks).toEqual([0.001, 0.01, 0.1, 1]);
  expect(place(0.001)).toBeCloseTo(300, 9);
  expect(place(2)).toBeCloseTo(0, 9);
  expect(place(0.01) - place(0.1)).toBeCloseTo(place(0.1) - place(1), 9);
});

test("the curve shows the last thousand steps, within its bounds", () => {
  const losses = Array.from({ length: 1500 }, (_, i) => 2 / (i + 1));
  const svg = curve(
    {
      settings: { ...defaults, steps: 2000 },
      losses,
      heldOut: [
        { step: 200, error: 1 },
        { step: 1500, error: 0.002 },
      ],
    },
    600,
    300,
  );
  const drawn = /class="batch-loss" d="M([^"]*)"/
    .exec(svg)![1]!
    .split("L")
    .map((point) => point.split(",").map(Number));
  expect(drawn).toHaveLength(1000);
  for (const [x, y] of drawn) {
    expect(x).toBeGreaterThanOrEqual(46);
    expect(x).toBeLessThanOrEqual(584);
    expect(y).toBeGreaterThanOrEqual(10);
    expect(y).toBeLessThanOrEqual(260);
  }
  expect(svg.match(/<circle/g)).toHaveLength(1);
});

test("numbers have three significant digits, and small ones a power of ten", () => {
  expect([undefined, 0, 1, 0.16666, 12.345, 1234.5, 0.001, 0.00001, 4.44e-12].map(significant)).toEqual([
    "–",
    "0",
    "1",
    "0.167",
    "12.3",
    "1235",
    "0.001",
    "10⁻⁵",
    "4.4 × 10⁻¹²",
  ]);
});

test("a loss of zero, or beyond every bound, is drawn all the same", () => {
  for (const losses of [[0], [1e30], [1e-30], []])
    expect(curve({ settings: defaults, losses, heldOut: [] }, 360, 240)).not.toMatch(/NaN|Infinity/);
});
