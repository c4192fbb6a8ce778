import { key, keyFor, normal, tensor, uniform, valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  missingAtRandom,
  missingBlocks,
  missingCompletelyAtRandom,
  missingNotAtRandom,
  raggedBatch,
  type Hidden,
  type HideOptions,
  type RaggedBatch,
} from "../index.ts";

const features = 3;
const numbers = (x: ArrayTensor): number[] => [...valuesOf(x)];

/** Sequences of these lengths of normal numbers, of which a fifth was not observed. */
function batchOf(lengths: readonly number[], seed: number): RaggedBatch {
  const offsets = lengths.reduce<number[]>((all, length) => [...all, all.at(-1)! + length], [0]);
  const steps = offsets.at(-1)!;
  const values = normal(keyFor(key(seed), "values"), [steps, features]) as ArrayTensor;
  const observed = numbers(uniform(keyFor(key(seed), "mask"), [steps, features]) as ArrayTensor).map((u) =>
    u < 0.8 ? 1 : 0,
  );
  return raggedBatch({ values, offsets, mask: tensor(observed, [steps, features], { dtype: "bool" }) });
}

const large = batchOf(new Array<number>(200).fill(50), 1);

const ways: Readonly<Record<string, (batch: RaggedBatch, options: HideOptions) => Hidden>> = {
  missingCompletelyAtRandom,
  missingAtRandom: (batch, options) => missingAtRandom(batch, { ...options, given: [0], variables: [1, 2] }),
  missingNotAtRandom,
  "missingBlocks, one variable": (batch, options) => missingBlocks(batch, { ...options, steps: 5 }),
  "missingBlocks, two variables": (batch, options) => missingBlocks(batch, { ...options, steps: 4, width: 2 }),
};

describe.each(Object.entries(ways))("%s", (_, hideBy) => {
  test("hides about the rate of what was observed, and nothing else", () => {
    for (const rate of [0.05, 0.3, 0.8]) {
      const found = hideBy(large, { rate, key: key(2) });
      // Five standard deviations of a share of the fewest candidates, 200 x 50 x 2 x 0.8; a block exceeds by less.
      expect(Math.abs(found.rate - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / 16_000));
    }
  });

  test("any batch: what is hidden was observed, is NaN now, and everything else is as it was", () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 0, max: 99 }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (of, seed, rate) => {
          const batch = batchOf(of, seed);
          const { batch: left, hidden } = hideBy(batch, { rate, key: key(seed) });
          const [before, after, was] = [numbers(batch.values), numbers(left.values), numbers(batch.mask!)];
          numbers(hidden).forEach((gone, at) => {
            if (gone === 1) expect([was[at], numbers(left.mask!)[at], after[at]]).toEqual([1, 0, NaN]);
            else expect([numbers(left.mask!)[at], after[at]]).toEqual([was[at], before[at]]);
          });
          expect(hideBy(batch, { rate, key: key(seed) })).toEqual({ batch: left, hidden, rate: expect.any(Number) });
        },
      ),
    );
  });

  test("another key hides other values", () => {
    const [a, b] = [1, 2].map((seed) => numbers(hideBy(large, { rate: 0.3, key: key(seed) }).hidden));
    expect(a).not.toEqual(b);
  });
});

describe("the mechanisms", () => {
  /** The share hidden, of the observed values of the variables for which a condition holds. */
  const shareWhere = ({ hidden }: Hidden, holds: (step: number, variable: number) => boolean): number => {
    const [was, gone] = [numbers(large.mask!), numbers(hidden)];
    let [count, total] = [0, 0];
    was.forEach((observed, at) => {
      if (observed === 0 || !holds(Math.floor(at / features), at % features)) return;
      total++;
      count += gone[at]!;
    });
    return count / total;
  };
  const valueAt = (step: number, variable: number): number => large.values.data[step * features + variable]!;
  const seen = (step: number, variable: number): boolean => large.mask!.data[step * features + variable] === 1;

  test("MCAR does not depend on the value", () => {
    const found = missingCompletelyAtRandom(large, { rate: 0.3, key: key(3) });
    expect(Math.abs(shareWhere(found, (t, v) => valueAt(t, v) > 0) - 0.3)).toBeLessThan(0.02);
    expect(Math.abs(shareWhere(found, (t, v) => valueAt(t, v) <= 0) - 0.3)).toBeLessThan(0.02);
  });

  test("MAR depends on the given variable, and given that, not on the value", () => {
    const found = missingAtRandom(large, { rate: 0.3, key: key(3), given: [0] });
    const [high, low] = [1, -1].map((side) =>
      shareWhere(found, (t, v) => v > 0 && seen(t, 0) && side * valueAt(t, 0) > 0),
    );
    expect(high! - low!).toBeGreaterThan(0.3);
    const near = (t: number): boolean => seen(t, 0) && Math.abs(valueAt(t, 0)) < 0.3;
    const [above, below] = [1, -1].map((side) =>
      shareWhere(found, (t, v) => v > 0 && near(t) && side * valueAt(t, v) > 0),
    );
    expect(Math.abs(above! - below!)).toBeLessThan(0.06);
    expect(shareWhere(found, (_, v) => v === 0)).toBe(0);
  });

  test("MNAR depends on the value: in closed form for a variable of two values", () => {
    const data = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const two = raggedBatch({ values: tensor(data, [20_000, 1]), offsets: [0, 20_000] });
    const { hidden, rate } = missingNotAtRandom(two, { rate: 0.5, slope: 2, key: key(1) });
    // The mean is 0 and the deviation 1, so a = 0: sigmoid(2) of the ones, sigmoid(-2) of the others.
    const ones = numbers(hidden).filter((_, i) => i % 2 === 0);
    expect(Math.abs(ones.reduce((a, b) => a + b) / 10_000 - 1 / (1 + Math.exp(-2)))).toBeLessThan(0.017);
    expect(Math.abs(rate - 0.5)).toBeLessThan(0.018);
    const low = missingNotAtRandom(large, { rate: 0.3, slope: -3, key: key(3) });
    expect(shareWhere(low, (t, v) => valueAt(t, v) < -1)).toBeGreaterThan(0.7);
  });

  test("blocks have their steps and variables, and stay within a sequence", () => {
    const whole = raggedBatch({ values: normal(key(1), [60, 3]) as ArrayTensor, offsets: [0, 20, 23, 60] });
    const { hidden } = missingBlocks(whole, { rate: 0.01, key: key(5), steps: 6, width: 2, variables: [0, 1, 2] });
    const gone = numbers(hidden).flatMap((value, at) => (value === 1 ? [[Math.floor(at / 3), at % 3]] : []));
    const [times, variables] = [0, 1].map((axis) => [...new Set(gone.map((place) => place[axis]!))]);
    expect(gone.length).toBe(times!.length * 2);
    expect(variables![1]! - variables![0]!).toBe(1);
    expect([3, 6]).toContain(times!.length);
    expect(times!.at(-1)! - times![0]!).toBe(times!.length - 1);
    expect([20, 23].some((end) => times![0]! < end && times!.at(-1)! >= end)).toBe(false);
  });
});

test.each<[string, () => unknown, string]>([
  ["a rate of 0", () => missingCompletelyAtRandom(large, { rate: 0, key: key(1) }), "rate must lie in (0, 1), got 0"],
  [
    "a variable that is not there",
    () => missingCompletelyAtRandom(large, { rate: 0.1, key: key(1), variables: [3] }),
    "missingCompletelyAtRandom: variables must be indices from 0 to 2, got 3",
  ],
  [
    "a variable that decides and is hidden",
    () => missingAtRandom(large, { rate: 0.1, key: key(1), given: [0], variables: [0, 1] }),
    "missingAtRandom: variable 0 is in given and in variables; where a value decides itself, use missingNotAtRandom",
  ],
  [
    "no variable left to hide",
    () => missingAtRandom(large, { rate: 0.1, key: key(1), given: [0, 1, 2] }),
    "missingAtRandom: variables must be indices from 0 to 2, got none",
  ],
  [
    "a slope of 0",
    () => missingNotAtRandom(large, { rate: 0.1, key: key(1), slope: 0 }),
    "missingNotAtRandom: slope must be a finite number other than 0, got 0",
  ],
  [
    "a block that is too wide",
    () => missingBlocks(large, { rate: 0.1, key: key(1), steps: 2, width: 4 }),
    "missingBlocks: width must be an integer from 1 to 3, the number of variables, got 4",
  ],
  [
    "half a step",
    () => missingBlocks(large, { rate: 0.1, key: key(1), steps: 0.5 }),
    "missingBlocks: steps must be an integer >= 1, got 0.5",
  ],
])("%s is refused", (_, run, message) => {
  expect(run).toThrow(message);
});
