import { describe, expect, test } from "vitest";
import { curveOverSeeds } from "./curves.ts";
import { panel } from "./figure.ts";
import { html } from "./html.ts";
import { formatMean, formatNumber, formatSeconds, linearScale, log10, logScale } from "./scale.ts";

describe("scales", () => {
  test("log10 agrees with the engine's", () => {
    for (const value of [1, 2, 10, 123.456, 1e-300, 5e-324, 7e200, 0.999]) expect(log10(value)).toBeCloseTo(Math.log10(value), 10);
    expect(log10(0)).toBeNaN();
  });

  test("linear ticks are round numbers", () => {
    expect(linearScale(0, 97.3, [0, 100], 5).ticks.map((tick) => tick.label)).toEqual(["0", "20", "40", "60", "80", "100"]);
    expect(linearScale(-0.1, 0.32, [0, 1], 5).ticks.map((tick) => tick.label)).toEqual(["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"].map((label) => (label === "0.0" ? "0" : label)));
    expect(linearScale(3, 3, [0, 1], 5).place(3)).toBeGreaterThan(0);
  });

  test("logarithmic ticks are decades, or 1, 2, 5 where there are few", () => {
    expect(logScale(1e-15, 1, [0, 1], 6).ticks.map((tick) => tick.label)).toEqual(["10⁻¹⁵", "10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]);
    expect(logScale(0.1, 2, [0, 1], 6).ticks.map((tick) => tick.label)).toEqual(["0.1", "0.2", "0.5", "1", "2"]);
    expect(logScale(0.1, 2, [0, 1], 6).place(0)).toBeNaN();
  });
});

test("numbers as a table shows them", () => {
  expect([96.18, 0.0123456, 5.3e-5, 12345.6, 0, -2].map((value) => formatNumber(value))).toEqual(["96.18", "0.01235", "5.30×10⁻⁵", "12\u2009346", "0", "−2.000"]);
  expect(formatNumber(96.18, 1)).toBe("96.2");
  expect(formatNumber(Number.NaN)).toBe("–");
  expect(formatMean(0.20171, 0.01258)).toEqual({ mean: "0.202", half: "0.013" });
  expect(formatMean(96.18, 0.42, 1)).toEqual({ mean: "96.2", half: "0.4" });
  expect(formatMean(1.5, Number.NaN).half).toBeNull();
  expect([4.21, 75, 600, 7200].map(formatSeconds)).toEqual(["4.2 s", "75 s", "10 min", "2.0 h"]);
});

test("what is put into a page is escaped, unless it is markup", () => {
  expect(html`<b title="${'"'}">${"<script>"}${html`<i>${[1, "&"]}</i>`}${null}${false}</b>`.markup).toBe('<b title="&quot;">&lt;script&gt;<i>1&amp;</i></b>');
});

test("a curve is the mean over the seeds that have the step, between the lowest and the highest", () => {
  const seeds = [[{ step: 1, m: 1 }, { step: 2, m: 2 }], [{ step: 1, m: 3 }, { step: 2, m: Number.NaN }]];
  expect(curveOverSeeds(seeds, "m")).toEqual([
    { x: 1, centre: 2, low: 1, high: 3 },
    { x: 2, centre: 2, low: 2, high: 2 },
  ]);
  const long = [Array.from({ length: 10_000 }, (_, step) => ({ step, m: step }))];
  const points = curveOverSeeds(long, "m");
  expect(points.length).toBeLessThanOrEqual(241);
  expect(points.every((point, index) => index === 0 || point.centre > (points[index - 1]?.centre ?? 0))).toBe(true);
});

test("a panel draws no place that is not a number, whatever it is given", () => {
  const x = { label: "t" };
  const point = (at: number, centre: number) => ({ x: at, centre, low: centre, high: centre });
  const svg = panel({ title: "p", x, y: { label: "g", log: true }, lines: [{ label: "a", colour: 0, points: [point(0, 0), point(1, 1e-40), point(2, Number.NaN), point(3, 1)] }, { label: "b", colour: 1, points: [point(0, 0)] }] }).markup;
  expect(svg).not.toContain("NaN");
  expect(svg).not.toContain("Infinity");
});
