import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { html } from "./markup.ts";
import { formatNumber, log10 } from "./numbers.ts";
import { linearScale, logScale } from "./scale.ts";

describe("scales", () => {
  test("log10 agrees with the engine's", () => {
    for (const value of [1, 2, 10, 123.456, 1e-300, 5e-324, 7e200, 0.999])
      expect(log10(value)).toBeCloseTo(Math.log10(value), 10);
    expect(log10(0)).toBeNaN();
  });

  test("linear ticks are round numbers", () => {
    expect(linearScale(0, 97.3, [0, 100]).ticks.map((tick) => tick.label)).toEqual([
      "0",
      "20",
      "40",
      "60",
      "80",
      "100",
    ]);
    expect(linearScale(-0.1, 0.32, [0, 1]).ticks.map((tick) => tick.label)).toEqual(
      ["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"].map((label) => (label === "0.0" ? "0" : label)),
    );
    expect(linearScale(3, 3, [0, 1]).place(3)).toBeGreaterThan(0);
  });

  test("ticks of steps are whole numbers", () => {
    expect(linearScale(0, 3, [0, 1], { tight: true, whole: true }).ticks.map((tick) => tick.value)).toEqual([
      0, 1, 2, 3,
    ]);
  });

  test("very small and very large values have powers of ten", () => {
    expect(linearScale(0, 3e-7, [0, 1], { ticks: 3 }).ticks.map((tick) => tick.label)).toEqual([
      "0",
      "1·10⁻⁷",
      "2·10⁻⁷",
      "3·10⁻⁷",
    ]);
    expect(linearScale(0, 2e9, [0, 1], { ticks: 2 }).ticks.map((tick) => tick.label)).toEqual(["0", "1·10⁹", "2·10⁹"]);
    expect(linearScale(0, 1e-200, [0, 1], { ticks: 1 }).ticks.at(-1)?.label).toBe("1·10⁻²⁰⁰");
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
    expect(logScale(3.1, 3.3, [0, 1], 6).ticks.map((tick) => tick.label)).toEqual(["3.100", "3.300"]);
  });

  test("any two finite ends give an axis that places both, with a few ticks in order and with different labels", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, finite, fc.boolean(), (a, b, tight) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { place, ticks } = linearScale(low, high, [100, 400], { tight });
        for (const end of [low, high]) {
          expect(place(end)).toBeGreaterThan(99.99);
          expect(place(end)).toBeLessThan(400.01);
        }
        expect(ticks.length).toBeLessThan(12);
        expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
        expect(ticks.map((tick) => tick.value)).toEqual(ticks.map((tick) => tick.value).sort((x, y) => x - y));
      }),
    );
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
});

test("what is put into a page is escaped, unless it is markup", () => {
  expect(html`<b title="${'"'}">${"<script>"}${html`<i>${[1, "&"]}</i>`}${null}${false}</b>`.markup).toBe(
    '<b title="&quot;">&lt;script&gt;<i>1&amp;</i></b>',
  );
});
