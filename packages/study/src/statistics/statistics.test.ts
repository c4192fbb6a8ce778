import { describe, expect, test } from "vitest";
import { bcaInterval } from "./bootstrap.ts";
import { indexGenerator } from "./generator.ts";
import { meanInterval, studentHalfWidth, wilsonInterval } from "./intervals.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { studentCdf, studentQuantile } from "./student.ts";
import { extremes, interquartileMean, mean, median, quantile, standardDeviation } from "./summary.ts";
import { holm, meanTest } from "./tests.ts";

describe("summaries, by hand", () => {
  test("mean and standard deviation", () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    // Squares of the deviations: 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, over 7.
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBe(Math.sqrt(32 / 7));
    expect(mean([])).toBeNaN();
    expect(standardDeviation([1])).toBeNaN();
  });

  test("median and quantiles, as NumPy's default", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(quantile([7], 0.9)).toBe(7);
    expect(() => quantile([1], 1.5)).toThrow("q is 1.5");
  });

  test("interquartile mean", () => {
    expect(interquartileMean([1, 2, 3, 100])).toBe(2.5);
    // Of five values 1.25 is cut off at either end: (0.75 * 2 + 3 + 0.75 * 4) / 2.5.
    expect(interquartileMean([100, 4, 3, 2, -50])).toBe((0.75 * 2 + 3 + 0.75 * 4) / 2.5);
  });
});

describe("intervals", () => {
  test("Wilson, against worked examples", () => {
    // 8 of 10: (0.8 + 0.19207) / 1.38415 ± 1.95996 * sqrt(0.016 + 0.0096036) / 1.38415.
    const { low, high } = wilsonInterval(8, 10);
    expect(low).toBeCloseTo(0.4902, 4);
    expect(high).toBeCloseTo(0.9433, 4);
    expect(wilsonInterval(0, 5).low).toBe(0);
    // 0 of n: the upper end is z² / (n + z²).
    expect(wilsonInterval(0, 5).high).toBeCloseTo(3.8414588 / 8.8414588, 6);
    expect(wilsonInterval(5, 5).high).toBe(1);
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
    expect(() => wilsonInterval(3, 2)).toThrow("3 successes of 2 trials");
  });

  test("Student's t", () => {
    // sd of 1, 2, 3 is 1; t with 2 degrees of freedom is 4.302652729749464 (NIST's table: 4.303).
    expect(studentHalfWidth([1, 2, 3])).toBeCloseTo(4.302652729749464 / Math.sqrt(3), 12);
    expect(studentHalfWidth([1])).toBeNaN();
    expect(meanInterval([4, 4, 4])).toEqual({ mean: 4, low: 4, high: 4 });
  });

  test("the bootstrap is repeatable, corrected for skewness, and refuses a handful of values", () => {
    const skewed = Array.from({ length: 24 }, (_, n) => 1.5 ** n / 1000);
    expect(bcaInterval(skewed)).toEqual(bcaInterval(skewed));
    const { low, high } = bcaInterval(skewed);
    // Of values with a long upper tail the interval reaches further up than down.
    expect(high - mean(skewed)).toBeGreaterThan(1.5 * (mean(skewed) - low));
    expect(bcaInterval(skewed.map(() => 3))).toMatchObject({ estimate: 3, low: 3, high: 3 });
    expect(() => bcaInterval([1, 2, 3, 4, 5])).toThrow(
      "bcaInterval: 5 values, expected at least 20; for the mean of fewer use meanInterval",
    );
  });

  test("the generator draws every index about equally often", () => {
    const draw = indexGenerator(7);
    const counts = [0, 0, 0, 0, 0];
    for (let n = 0; n < 50_000; n += 1) {
      const index = draw(5);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    // 10 000 each, with a standard deviation of 89: five of them either way.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450);
  });
});

describe("distributions, against SciPy 1.17", () => {
  test("Student's t", () => {
    const probabilities: [number, number, number][] = [
      [1, 0.5, 0.6475836176504333],
      [1, 12.706, 0.9749995988209335],
      [2, -1.3, 0.16162351590802015],
      [3, 2.0, 0.9303370157205785],
      [4, 2.776, 0.9749886108400118],
      [7, -4.5, 0.0013991650389213158],
      [10, 0.01, 0.5038910125045143],
      [29, 3.3, 0.9987165428853957],
      [100, 1.96, 0.9736105493168852],
      [1001, 2.5, 0.9937107958311552],
    ];
    for (const [freedom, t, p] of probabilities) expect(studentCdf(t, freedom)).toBeCloseTo(p, 13);
    const quantiles: [number, number, number][] = [
      [1, 0.975, 12.706204736174694],
      [2, 0.975, 4.302652729749462],
      [4, 0.975, 2.7764451051977934],
      [4, 0.995, 4.604094871349992],
      [9, 0.975, 2.262157162798205],
      [30, 0.975, 2.0422724563012378],
      [500, 0.9, 1.2832470207103743],
    ];
    for (const [freedom, p, t] of quantiles) expect(studentQuantile(p, freedom) / t).toBeCloseTo(1, 12);
  });

  test("the normal distribution", () => {
    const probabilities: [number, number][] = [
      [-8, 6.22096057427174e-16],
      [-3.2, 0.0006871379379158471],
      [-1, 0.15865525393145707],
      [0, 0.5],
      [0.3, 0.6179114221889526],
      [1.959963984540054, 0.975],
      [5, 0.9999997133484281],
      [7.5, 0.9999999999999681],
    ];
    for (const [z, p] of probabilities) expect(normalCdf(z)).toBeCloseTo(p, 13);
  });

  test("a quantile is the inverse of the probability", () => {
    for (const freedom of [1, 2, 3, 4, 9, 29, 30, 1000]) {
      for (const p of [0.6, 0.975, 0.9999]) expect(studentCdf(studentQuantile(p, freedom), freedom)).toBeCloseTo(p, 14);
    }
    for (const p of [1e-10, 0.025, 0.5, 0.9, 1 - 1e-9]) expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 13);
    expect(() => studentQuantile(1, 4)).toThrow("p is 1");
    expect(() => studentCdf(1, 0)).toThrow("0 degrees of freedom");
  });
});

describe("tests", () => {
  test("of a mean: Student's t", () => {
    expect(meanTest([1, 2, 3, 4])).toBeCloseTo(0.030466291662170977, 12);
    expect(meanTest([0.3, -0.1, 0.8, 0.4, 0.2], 0.1)).toBeCloseTo(0.2070464569519284, 12);
    expect(meanTest([1])).toBe(1);
  });

  test("of a mean of values without spread: the sign test", () => {
    // 2 of the 32 ways in which five signs can fall are all alike.
    expect(meanTest([1, 1, 1, 1, 1])).toBe(2 / 32);
    expect(meanTest([1, 1, 1], 1)).toBe(1);
  });

  test("Holm's correction, by hand", () => {
    // Sorted 0.01, 0.02, 0.03, 0.2: times 4, 3, 2, 1, and never less than the one before.
    expect(holm([0.2, 0.01, 0.03, 0.02])).toEqual([0.2, 0.04, 0.06, 0.06]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

test("extremes of more values than a call takes arguments", () => {
  const values = Float64Array.from({ length: 1_000_000 }, (_, n) => (n * 7919) % 1_000_003);
  values[5000] = -1;
  expect(extremes(values)).toEqual({
    low: -1,
    high: Math.max(
      ...Array.from({ length: 10 }, (_, part) => Math.max(...values.subarray(part * 100_000, (part + 1) * 100_000))),
    ),
  });
});
