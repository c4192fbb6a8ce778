import { key, tensor, uniform, type ArrayTensor } from "@sluice/tensor";
import { arrayOf } from "@sluice/tensor/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nearestMoments, patternMatches, statePattern } from "../index.ts";

/** Two rows of six steps of four units, written as the units that are on. */
const states = statesOf([
  ["", "01", "012", "01", "3", ""],
  ["2", "01", "01", "23", "0123", "013"],
]);

function statesOf(rows: readonly (readonly string[])[]): ArrayTensor {
  const values = rows.flatMap((row) =>
    row.flatMap((on) => [0, 1, 2, 3].map((unit) => (on.includes(String(unit)) ? 0.9 : -0.4))),
  );
  return tensor(values, [rows.length, rows[0]!.length, 4]);
}

test("a pattern is what is on during the whole range, and with off what is off around it", () => {
  const range = { row: 0, from: 1, to: 4 };
  expect(statePattern(states, range).units).toEqual([0, 1]);
  expect(statePattern(states, { ...range, off: "both" }).units).toEqual([0, 1]);
  const inside = { row: 0, from: 2, to: 4 };
  expect(statePattern(states, { ...inside, off: "before" }).units).toEqual([]);
  expect(statePattern(states, { ...inside, off: "after" }).units).toEqual([0, 1]);
  expect(statePattern(states, { row: 1, from: 3, to: 5, off: "after" }).units).toEqual([2]);
  expect(statePattern(states, { ...range, threshold: -0.5 }).units).toEqual([0, 1, 2, 3]);
});

test("matches share most units of the pattern, then have fewest others; none overlaps a better one", () => {
  const pattern = statePattern(states, { row: 0, from: 1, to: 3 });
  expect(pattern.units).toEqual([0, 1]);
  expect(patternMatches(states, pattern)).toEqual([
    { row: 1, from: 1, to: 3, overlap: 2, others: 0 },
    { row: 1, from: 4, to: 6, overlap: 2, others: 1 },
  ]);
  expect(patternMatches(states, pattern, { same: false })[0]).toEqual({
    row: 0,
    from: 1,
    to: 3,
    overlap: 2,
    others: 0,
  });
  expect(patternMatches(states, pattern, { count: 1 })).toHaveLength(1);
  // The fifth step of row 1 is missing.
  expect(patternMatches(states, pattern, { lengths: [6, 5] })).toEqual([
    { row: 1, from: 1, to: 3, overlap: 2, others: 0 },
  ]);
  const mask = tensor([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1], [2, 6], { dtype: "bool" });
  expect(patternMatches(states, pattern, { mask })).toEqual([{ row: 1, from: 4, to: 6, overlap: 2, others: 1 }]);
});

test("matches of random states are those of a search over all ranges", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 3 }), (seed, width) => {
      const x = arrayOf(uniform(key(seed), [3, 7, 5], { low: -1, high: 1 }));
      const on = (row: number, from: number): number[] =>
        [0, 1, 2, 3, 4].filter((unit) =>
          Array.from({ length: width }, (_, i) => from + i).every((t) => x.data[(row * 7 + t) * 5 + unit]! >= 0.1),
        );
      const pattern = statePattern(x, { row: 1, from: 2, to: 2 + width, threshold: 0.1 });
      expect(pattern.units).toEqual(on(1, 2));
      const matches = patternMatches(x, pattern, { count: 1000 });
      for (const { row, from, overlap, others } of matches) {
        expect(overlap).toBe(on(row, from).filter((unit) => pattern.units.includes(unit)).length);
        expect(others).toBe(on(row, from).length - overlap);
      }
      // What is no match shares no unit, or overlaps the pattern or a match that is at least as good.
      const near = (a: { row: number; from: number }, b: { row: number; from: number }): boolean =>
        a.row === b.row && Math.abs(a.from - b.from) < width;
      for (let row = 0; row < 3; row++)
        for (let from = 0; from <= 7 - width; from++) {
          const shared = on(row, from).filter((unit) => pattern.units.includes(unit)).length;
          const at = { row, from };
          if (shared === 0 || near(at, { row: 1, from: 2 })) continue;
          expect(matches.some((match) => near(at, match) && match.overlap >= shared)).toBe(true);
        }
    }),
  );
});

test("the nearest moments, by distance and by angle", () => {
  const x = tensor([0, 1, 0, 3, 0.1, 1, 1, 0, 0.2, 4, 0, 0], [2, 3, 2]);
  const at = { row: 0, step: 0 };
  const near = nearestMoments(x, at);
  expect(near.map(({ row, step }) => [row, step])).toEqual([
    [0, 2],
    [1, 2],
    [1, 0],
    [0, 1],
    [1, 1],
  ]);
  expect(near[0]!.distance).toBeCloseTo(0.1, 7);
  const byAngle = nearestMoments(x, at, { by: "cosine" });
  expect(byAngle.map(({ row, step }) => [row, step])).toEqual([
    [0, 1],
    [1, 1],
    [0, 2],
    [1, 0],
    [1, 2],
  ]);
  expect(byAngle.map(({ distance }) => distance).at(-1)).toBe(1);
  expect(nearestMoments(x, at, { separation: 3 }).map(({ row }) => row)).toEqual([1]);
  expect(nearestMoments(x, at, { count: 2, lengths: [3, 1] }).map(({ row, step }) => [row, step])).toEqual([
    [0, 2],
    [1, 0],
  ]);
});

test("ranges and moments that do not exist are errors", () => {
  const range = { row: 0, from: 1, to: 3 };
  expect(() => statePattern(states, { ...range, row: 2 })).toThrow("row 2 does not have all steps from 1 to 2");
  expect(() => statePattern(states, { ...range, lengths: [2, 6] })).toThrow(
    "row 0 does not have all steps from 1 to 2",
  );
  expect(() => statePattern(states, { ...range, to: 1 })).toThrow("expected integers from < to, got from 1 and to 1");
  expect(() => statePattern(states, { ...range, threshold: NaN })).toThrow("threshold must be a finite number");
  expect(() => statePattern(tensor([1, 2], [1, 2]), range)).toThrow("states must be [batch, time, units]");
  // @ts-expect-error: there is no such side.
  expect(() => statePattern(states, { ...range, off: "left" })).toThrow("off must be one of none, before, after, both");
  expect(() => patternMatches(states, statePattern(states, range), { count: 0 })).toThrow("count must be an integer");
  expect(() => nearestMoments(states, { row: 0, step: 6 })).toThrow("row 0 does not have step 6");
  expect(() => nearestMoments(states, { row: 0, step: 0 }, { separation: 0 })).toThrow("separation must be an integer");
  // @ts-expect-error: there is no such distance.
  expect(() => nearestMoments(states, { row: 0, step: 0 }, { by: "angle" })).toThrow("unknown by angle");
});
