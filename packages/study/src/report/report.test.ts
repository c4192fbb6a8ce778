import { describe, expect, test } from "vitest";
import { curveOverSeeds, curvesOf, seriesOverSeeds, type Curve } from "./curves.ts";
import { panels } from "./figure.ts";
import { formatMean, formatSeconds } from "./numbers.ts";

test("a mean with half its interval, and durations", () => {
  expect(formatMean(0.20171, 0.01258)).toEqual({ mean: "0.202", half: "0.013" });
  // Five differences of 0.5 that rounding parts in their last bits.
  expect(formatMean(0.543921045791, 1.1e-15)).toEqual({ mean: "0.5439", half: "0" });
  expect(formatMean(96.18, 0.42, 1)).toEqual({ mean: "96.2", half: "0.4" });
  expect(formatMean(1.5, Number.NaN).half).toBeNull();
  expect([4.21, 75, 600, 7200].map(formatSeconds)).toEqual(["4.2 s", "75 s", "10 min", "2.0 h"]);
});

describe("curves", () => {
  test("are the mean over the seeds that have the step, between the lowest and the highest", () => {
    const seeds = [
      [
        { step: 1, m: 1 },
        { step: 2, m: 2 },
      ],
      [
        { step: 1, m: 3 },
        { step: 2, m: Number.NaN },
      ],
    ];
    expect(curveOverSeeds(seeds.map(curveOf))).toEqual([
      { x: 1, centre: 2, low: 1, high: 3 },
      { x: 2, centre: 2, low: 2, high: 2 },
    ]);
  });

  test("of many steps have no more points than can be seen, with the extremes and the means of all", () => {
    const rows = Array.from({ length: 10_000 }, (_, step) => ({
      step,
      m: step === 5003 ? 1e9 : step === 7001 ? -1e9 : step,
    }));
    const points = curveOverSeeds([curveOf(rows)]);
    expect(points.length).toBeGreaterThan(120);
    expect(points.length).toBeLessThanOrEqual(241);
    expect(points.filter((point) => point.high === 1e9)).toHaveLength(1);
    expect(points.filter((point) => point.low === -1e9)).toHaveLength(1);
    // Steps 64 to 127 share a place: their mean is 95.5.
    expect(points[1]).toEqual({ x: 96, centre: 95.5, low: 64, high: 127 });
  });

  test("of seeds of different length share places", () => {
    const long = Array.from({ length: 5000 }, (_, step) => ({ step, m: 1 }));
    const short = Array.from({ length: 100 }, (_, step) => ({ step: 10 * step, m: 3 }));
    const points = curveOverSeeds([curveOf(long), curveOf(short)]);
    expect(points.length).toBeLessThanOrEqual(241);
    expect(points[0]).toEqual({ x: 16, centre: 2, low: 1, high: 3 });
    expect(points.at(-1)).toMatchObject({ centre: 1 });
  });

  test("count fractions of an epoch as steps too", () => {
    const points = curveOverSeeds([curveOf(Array.from({ length: 1000 }, (_, n) => ({ step: n / 1000, m: n })))]);
    expect(points.length).toBeGreaterThan(120);
  });

  function curveOf(rows: readonly { step: number; m: number }[]): Curve {
    const curve = curvesOf(rows).get("m");
    if (curve === undefined) throw new Error("no curve");
    return curve;
  }
});

test("a series of 130,000 points is reduced, keeping its extremes", () => {
  const values = Array.from({ length: 130_000 }, (_, index) => index);
  const series = {
    name: "s",
    title: "S",
    x: { label: "t", values },
    y: { label: "v" },
    lines: { a: values.map((x) => (x === 77_777 ? 9 : x === 99_999 ? -9 : 0)) },
  };
  const points = seriesOverSeeds([series], "a");
  expect(points.length).toBeLessThanOrEqual(240);
  expect(points.filter((point) => point.high === 9).map((point) => Math.abs(point.x - 77_777) < 600)).toEqual([true]);
  expect(points.filter((point) => point.low === -9)).toHaveLength(1);
});

test("a panel draws no place that is not a number, whatever it is given", () => {
  const x = { label: "t", log: true };
  const point = (at: number, centre: number) => ({ x: at, centre, low: centre, high: centre });
  const [drawn, ...more] = panels({
    title: "p",
    x,
    y: { label: "g", log: true },
    lines: [
      { label: "a", points: [point(0, 0), point(1, 1e-40), point(2, Number.NaN), point(3, 1), point(2.5, 1)] },
      { label: "b", points: [point(0, 0), point(0, 1)] },
      { label: "c", points: [] },
    ],
    order: ["a", "b", "c"],
    centre: "mean",
    told: 10,
  });
  expect(more).toEqual([]);
  const svg = drawn?.markup ?? "";
  expect(svg).toContain("<svg");
  expect(svg).not.toContain("NaN");
  expect(svg).not.toContain("Infinity");
});
