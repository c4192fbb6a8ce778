import { expect, test } from "vitest";
import { extrapolated, secondsOf } from "./pace.ts";

/** Progress at these seconds, a step each. */
const steps = (at: readonly number[], of: number) =>
  at.map((seconds, index) => ({ step: index + 1, steps: of, at: seconds }));

test("steps of one length are extrapolated to all of them, after the time before the first", () => {
  // The process began 3 s before its first step, and each step takes half a second.
  const found = extrapolated(steps([3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5], 100));
  expect(found).toEqual({ mean: 53, low: 53, high: 53 });
});

test("the spread is that of the fastest and the slowest quarter", () => {
  // Two steps of 0.25 s, two of 0.5 s, two of 0.5 s and two of 1 s: 4.5 s for 8 steps.
  const found = extrapolated(steps([1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4.5, 5.5], 41));
  const before = 1 - 4.5 / 8;
  expect(found).toEqual({ mean: before + 41 * (4.5 / 8), low: before + 41 * 0.25, high: before + 41 });
});

test("a trial that resumes counts its earlier steps", () => {
  const found = extrapolated([
    { step: 51, steps: 100, at: 26 },
    { step: 61, steps: 100, at: 31 },
  ]);
  expect(found?.mean).toBeCloseTo(50.5, 10);
});

test("one step says nothing", () => {
  expect(extrapolated([])).toBeNull();
  expect(extrapolated(steps([1], 10))).toBeNull();
});

test("measured trials have their mean, lowest and highest", () => {
  expect(secondsOf([1, 2, 6])).toEqual({ mean: 3, low: 1, high: 6 });
});
