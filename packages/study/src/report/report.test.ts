import { describe, expect, test } from "vitest";
import { curveOverSeeds, curvesOf, seriesOverSeeds, type Curve } from "./curves.ts";
import { panel } from "./figure.ts";
import { html } from "./html.ts";
import { formatMean, formatNumber, formatSeconds, linearScale, log10, logScale } from "./scale.ts";

describe("scales", () => {
  test("log10 agrees with the engine's", () => {
    for (const value of [1, 2, 10, 123.456, 1e-300, 5e-324, 7e200, 0.999])
      expect(log10(value)).toBeCloseTo(Math.log10(value), 10);
    expect(log10(0)).toBeNaN();
  });

  test("linear ticks are round numbers", () => {
    expect(linearScale(0, 97.3, [0, 100], 5).ticks.map((tick) => tick.label)).toEqual([
      "0",
      "20",
      "40",
      "60",
      "80",
      "100",
    ]);
    expect(linearScale(-0.1, 0.32, [0, 1], 5).ticks.map((tick) => tick.label)).toEqual(
      ["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"].map((label) => (label === "0.0" ? "0" : label)),
    );
    expect(linearScale(3, 3, [0, 1], 5).place(3)).toBeGreaterThan(0);
  });

  test("logarithmic ticks are decades, or 1, 2, 5 where there are few", () => {
    expect(logScale(1e-15, 1, [0, 1], 6).ticks.map((tick) => tick.label)).toEqual([
      "10⁻¹⁵",
      "10⁻¹²",
      "10⁻⁹",
      "10⁻⁶",
      "10⁻³",
      "1",
    ]);
    expect(logScale(0.1, 2, [0, 1], 6).ticks.map((tick) => tick.label)).toEqual(["0.1", "0.2", "0.5", "1", "2"]);
    expect(logScale(0.1, 2, [0, 1], 6).place(0)).toBeNaN();
  });
});

test("numbers as a table shows them", () => {
  expect([96.18, 0.0123456, 5.3e-5, 12345.6, 0, -2].map((value) => formatNumber(value))).toEqual([
    "96.18",
    "0.01235",
    "5.30×10⁻⁵",
    "12\u2009346",
    "0",
    "−2.000",
  ]);
  expect(formatNumber(96.18, 1)).toBe("96.2");
  expect(formatNumber(Number.NaN)).toBe("–");
  expect(formatMean(0.20171, 0.01258)).toEqual({ mean: "0.202", half: "0.013" });
  expect(formatMean(96.18, 0.42, 1)).toEqual({ mean: "96.2", half: "0.4" });
  expect(formatMean(1.5, Number.NaN).half).toBeNull();
  expect([4.21, 75, 600, 7200].map(formatSeconds)).toEqual(["4.2 s", "75 s", "10 min", "2.0 h"]);
});

test("what is put into a page is escaped, unless it is markup", () => {
  expect(html`<b title="${'"'}">${"<script>"}${html`<i>${[1, "&"]}</i>`}${null}${false}</b>`.markup).toBe(
    '<b title="&quot;">&lt;script&gt;<i>1&amp;</i></b>',
  );
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
  const x = { label: "t" };
  const point = (at: number, centre: number) => ({ x: at, centre, low: centre, high: centre });
  const svg = panel({
    title: "p",
    x,
    y: { label: "g", log: true },
    lines: [
      { label: "a", colour: 0, points: [point(0, 0), point(1, 1e-40), point(2, Number.NaN), point(3, 1)] },
      { label: "b", colour: 1, points: [point(0, 0)] },
    ],
  }).markup;
  expect(svg).not.toContain("NaN");
  expect(svg).not.toContain("Infinity");
});
