import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedBest } from "./expected-best.ts";

type Expected = Readonly<Record<"without" | "with", readonly number[]>>;
const { cases }: { cases: readonly ({ values: number[] } & Record<"higher" | "lower", Expected>)[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/statistics/expected-best.json", import.meta.url), "utf8"),
);

const near = (given: readonly number[], wanted: readonly number[]): void => {
  expect(given).toHaveLength(wanted.length);
  for (const [index, value] of given.entries()) expect(Math.abs(value - (wanted[index] ?? NaN))).toBeLessThan(1e-14);
};

describe("the expected best of n values", () => {
  test("is the mean over every choice, as listed in Python with exact fractions", () => {
    for (const { values, ...wanted } of cases)
      for (const better of ["higher", "lower"] as const) {
        near(expectedBest(values, { better }), wanted[better].without);
        near(expectedBest(values, { better, replacement: true }), wanted[better].with);
      }
    expect(cases.length).toBe(4);
  });

  const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 30 });

  test("goes from the mean to the best, never back, in any order of the values", () => {
    fc.assert(
      fc.property(values, (given) => {
        const expected = expectedBest(given, { better: "higher" });
        expect(expected[0]).toBeCloseTo(given.reduce((sum, value) => sum + value, 0) / given.length, 12);
        expect(expected.at(-1)).toBe(Math.max(...given));
        for (const [n, value] of expected.entries())
          if (n > 0) expect(value).toBeGreaterThanOrEqual((expected[n - 1] ?? NaN) - 1e-12);
        expect(expectedBest(given.toReversed(), { better: "higher" })).toEqual(expected);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test("of which lower ones are better is that of the negated values", () => {
    fc.assert(
      fc.property(values, (given) => {
        const negated = expectedBest(
          given.map((value) => -value),
          { better: "higher" },
        );
        near(
          expectedBest(given, { better: "lower" }),
          negated.map((value) => -value),
        );
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  test("takes a thousand values, and none that is not finite", () => {
    const many = Array.from({ length: 1000 }, (_, index) => index);
    const expected = expectedBest(many, { better: "higher" });
    // The mean of the largest of n of the numbers 0 to N - 1 is n (N + 1) / (n + 1) - 1.
    for (const n of [1, 10, 500, 999, 1000]) expect(expected[n - 1]).toBeCloseTo((n * 1001) / (n + 1) - 1, 8);
    expect(expectedBest([], { better: "higher" })).toEqual([]);
    expect(() => expectedBest([1, NaN], { better: "higher" })).toThrow("expectedBest: a value is NaN");
  });
});
