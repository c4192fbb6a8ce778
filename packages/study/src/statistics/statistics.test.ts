import { describe, expect, test } from "vitest";
import { bootstrapInterval, pairedBootstrap } from "./bootstrap.ts";
import { indexGenerator } from "./generator.ts";
import { meanInterval, studentHalfWidth, wilsonInterval } from "./intervals.ts";
import { interquartileMean, mean, median, quantile, standardDeviation } from "./summary.ts";

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
    // sd of 1, 2, 3 is 1; t with 2 degrees of freedom is 4.303.
    expect(studentHalfWidth([1, 2, 3])).toBeCloseTo(4.303 / Math.sqrt(3), 12);
    expect(studentHalfWidth([1])).toBeNaN();
    expect(meanInterval([4, 4, 4])).toEqual({ mean: 4, low: 4, high: 4 });
  });

  test("the bootstrap is repeatable, and exact where it can be", () => {
    expect(bootstrapInterval([3, 3, 3])).toEqual({ low: 3, high: 3 });
    const values = [1, 4, 2, 8, 5, 7];
    expect(bootstrapInterval(values)).toEqual(bootstrapInterval(values));
    expect(bootstrapInterval(values, { seed: 1 })).not.toEqual(bootstrapInterval(values, { seed: 2, resamples: 57 }));
    // Of 0 and 1 a resample's mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4: both ends of 95 % lie in the outer quarters.
    expect(bootstrapInterval([0, 1])).toEqual({ low: 0, high: 1 });
    // ... and both ends of 40 % in the middle half.
    expect(bootstrapInterval([0, 1], { confidence: 0.4 })).toEqual({ low: 0.5, high: 0.5 });
  });

  test("pairs cancel what the seed does to both", () => {
    const b = [10, 50, 20, 90];
    const paired = pairedBootstrap(b.map((value) => value + 1), b);
    expect(paired).toEqual({ difference: 1, pairs: 4, low: 1, high: 1 });
    expect(() => pairedBootstrap([1], [1, 2])).toThrow("1 values against 2");
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
