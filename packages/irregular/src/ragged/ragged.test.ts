import { key, tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchesByLength,
  fromPadded,
  joinRagged,
  lengthsOf,
  raggedBatch,
  sequenceAt,
  sortByLength,
  takeSequences,
  toPadded,
  toTimeMajor,
  type RaggedBatch,
} from "../index.ts";

const list = (x: ArrayTensor | undefined): number[] => [...valuesOf(x!)];

/** Sequences 0 to n - 1 of these lengths, two features: `100 sequence + step` and its negative. */
function batchOf(lengths: readonly number[]): RaggedBatch {
  const steps = lengths.flatMap((length, i) => Array.from({ length }, (_, t) => 100 * i + t));
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  return raggedBatch({
    values: tensor(
      steps.flatMap((s) => [s, -s]),
      [steps.length, 2],
    ),
    offsets,
    elapsed: tensor(
      steps.map((s) => s / 8),
      [steps.length, 1],
    ),
    mask: tensor(
      steps.flatMap((s) => [s % 2, 1]),
      [steps.length, 2],
      { dtype: "bool" },
    ),
  });
}

const lengthsArbitrary = fc.array(fc.nat({ max: 6 }), { maxLength: 6 });

test("padding and back gives the same batch, also time first and to more steps", () => {
  fc.assert(
    fc.property(lengthsArbitrary, fc.nat({ max: 3 }), (lengths, more) => {
      const batch = batchOf(lengths);
      const time = Math.max(0, ...lengths) + more;
      const padded = toPadded(batch, { steps: time });
      expect(padded.x.shape).toEqual([lengths.length, time, 2]);
      expect(list(padded.lengths)).toEqual(lengths);
      expect(fromPadded(padded)).toEqual(batch);
      const major = toTimeMajor(batch, { steps: time });
      expect(major.x.shape).toEqual([time, lengths.length, 2]);
      lengths.forEach((length, i) => {
        for (let t = 0; t < time; t++) {
          const expected = t < length ? 100 * i + t : 0;
          expect(padded.x.data[(i * time + t) * 2]).toBe(expected);
          expect(major.x.data[(t * lengths.length + i) * 2]).toBe(expected);
          expect(major.elapsed!.data[t * lengths.length + i]).toBe(expected / 8);
          expect(padded.mask!.data[(i * time + t) * 2 + 1]).toBe(t < length ? 1 : 0);
        }
      });
    }),
  );
});

test("memory holds the steps and nothing else", () => {
  const batch = batchOf([5, 0, 1]);
  expect(batch.values.data.length).toBe(6 * 2);
  expect(list(lengthsOf(batch))).toEqual([5, 0, 1]);
  expect(fromPadded({ x: toPadded(batch, { steps: 50 }).x, lengths: [5, 0, 1] }).values.data.length).toBe(12);
});

test("sorting puts the longest first and says where each came from", () => {
  fc.assert(
    fc.property(lengthsArbitrary, (lengths) => {
      const batch = batchOf(lengths);
      const { batch: sorted, order } = sortByLength(batch);
      const found = list(lengthsOf(sorted));
      expect(found).toEqual(lengths.toSorted((a, b) => b - a));
      order.forEach((from, i) => {
        expect(sequenceAt(sorted, i)).toEqual(sequenceAt(batch, from));
        if (i > 0 && found[i] === found[i - 1]) expect(from).toBeGreaterThan(order[i - 1]!);
      });
      const back = new Int32Array(order.length);
      order.forEach((from, i) => (back[from] = i));
      expect(takeSequences(sorted, back)).toEqual(batch);
    }),
  );
});

test("sequences are views, and take and join put them together again", () => {
  const batch = batchOf([3, 0, 2]);
  const one = sequenceAt(batch, 2);
  expect(list(one.values)).toEqual([200, -200, 201, -201]);
  expect(one.values.data.buffer).toBe(batch.values.data.buffer);
  expect(takeSequences(batch, [2, 2, 0]).offsets.data).toEqual(Int32Array.of(0, 2, 4, 7));
  expect(joinRagged([0, 1, 2].map((i) => sequenceAt(batch, i)))).toEqual(batch);
});

test("batches by length hold every sequence once, with like lengths together", () => {
  const lengths = Array.from({ length: 23 }, (_, i) => (i * 7) % 10);
  const batch = batchOf(lengths);
  for (const options of [{ size: 5 }, { size: 5, key: key(3) }]) {
    const batches = batchesByLength(batch, options);
    expect(batches.map(({ length }) => length).toSorted()).toEqual([3, 5, 5, 5, 5]);
    expect(batches.flatMap((numbers) => [...numbers]).toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    const full = batches.filter((numbers) => numbers.length === 5);
    const ranges = full.map((numbers) => Array.from(numbers, (i) => lengths[i]!)).toSorted((a, b) => b[0]! - a[0]!);
    ranges.forEach((range, i) => expect(i === 0 || Math.max(...range) <= Math.min(...ranges[i - 1]!)).toBe(true));
  }
  const first = batchesByLength(batch, { size: 5, key: key(3) });
  expect(batchesByLength(batch, { size: 5, key: key(3) })).toEqual(first);
  expect(batchesByLength(batch, { size: 5, key: key(4) })).not.toEqual(first);
});

test("the short batch by length holds each sequence as often as any other, whatever its length", () => {
  const lengths = Array.from({ length: 23 }, (_, i) => i);
  const batch = batchOf(lengths);
  const draws = 1000;
  const times = new Array<number>(23).fill(0);
  for (let seed = 0; seed < draws; seed++) {
    const short = batchesByLength(batch, { size: 5, key: key(seed) }).filter(({ length }) => length < 5);
    expect(short.map(({ length }) => length)).toEqual([3]);
    for (const i of short[0]!) times[i]!++;
  }
  // Each is there with probability 3/23: binomial, mean 130.4, deviation 10.6. Five deviations leave 23 of them a
  // chance of 1 in 10^5, and the draws are fixed.
  const [mean, deviation] = [(draws * 3) / 23, Math.sqrt(draws * (3 / 23) * (20 / 23))];
  for (const n of times) expect(Math.abs(n - mean)).toBeLessThan(5 * deviation);
  // Without a key it is the last of the data, not the shortest.
  expect(batchesByLength(batch, { size: 5 }).at(-1)).toEqual(Int32Array.of(22, 21, 20));
});

test("no sequences, and sequences without steps", () => {
  const none = batchOf([]);
  expect(toPadded(none).x.shape).toEqual([0, 0, 2]);
  expect(sortByLength(none).order).toHaveLength(0);
  expect(batchesByLength(none, { size: 2 })).toEqual([]);
  expect(toPadded(batchOf([0, 0])).x.shape).toEqual([2, 0, 2]);
});

describe("bad input is named", () => {
  const values = tensor([1, 2, 3], [3, 1]);
  test.each<[string, () => unknown, string]>([
    [
      "values",
      () => raggedBatch({ values: tensor([1, 2]), offsets: [0, 2] }),
      "raggedBatch: values must be [steps, features], got [2]",
    ],
    [
      "no offsets",
      () => raggedBatch({ values, offsets: [] }),
      "raggedBatch: offsets must be i32 [batch + 1], got i32 [0]",
    ],
    ["first offset", () => raggedBatch({ values, offsets: [1, 3] }), "raggedBatch: offsets must start with 0, got 1"],
    [
      "falling",
      () => raggedBatch({ values, offsets: [0, 2, 1, 3] }),
      "raggedBatch: offsets must not decrease, but offset 2 is 1 after 2",
    ],
    [
      "end",
      () => raggedBatch({ values, offsets: [0, 2] }),
      "raggedBatch: offsets end with 2, but values [3,1] has 3 steps",
    ],
    [
      "elapsed",
      () => raggedBatch({ values, offsets: [0, 3], elapsed: tensor([1, 2, 3]) }),
      "raggedBatch: elapsed must be f32 [3,1], got f32 [3]",
    ],
    [
      "mask",
      () => raggedBatch({ values, offsets: [0, 3], mask: values }),
      "raggedBatch: mask must be bool [3,1], got f32 [3,1]",
    ],
    [
      "time that runs back",
      () => raggedBatch({ values, offsets: [0, 1, 1, 3], elapsed: tensor([0, 0, -2], [3, 1]) }),
      "raggedBatch: elapsed must be the time since the previous step, finite and >= 0, got -2 at step 1 of sequence 2; sort the steps of each sequence by time",
    ],
    [
      "no time",
      () => raggedBatch({ values, offsets: [0, 3], elapsed: tensor([NaN, 1, 1], [3, 1]) }),
      "finite and >= 0, got NaN at step 0 of sequence 0",
    ],
    [
      "time without end",
      () => fromPadded({ x: tensor([1, 2], [1, 2, 1]), lengths: [2], elapsed: tensor([1, Infinity], [1, 2, 1]) }),
      "finite and >= 0, got Infinity at step 1 of sequence 0",
    ],
    ["index", () => sequenceAt(batchOf([1]), 1), "sequenceAt: expected a sequence from 0 to 0, got 1"],
    ["numbers", () => takeSequences(batchOf([1]), [0, -1]), "takeSequences: expected sequences from 0 to 0, got -1"],
    [
      "too short",
      () => toPadded(batchOf([4]), { steps: 3 }),
      "toPadded: the longest sequence has 4 steps, which do not fit into 3",
    ],
    [
      "lengths",
      () => fromPadded({ x: tensor([1, 2], [1, 2, 1]), lengths: [3] }),
      "fromPadded: lengths must be integers from 0 to 2, the number of steps, got 3 for row 0",
    ],
    [
      "rows",
      () => fromPadded({ x: tensor([1, 2], [1, 2, 1]), lengths: [1, 1] }),
      "fromPadded: expected 1 lengths, one per row, got 2",
    ],
    [
      "part",
      () => fromPadded({ x: tensor([1, 2], [1, 2, 1]), lengths: [1], elapsed: tensor([1, 2], [1, 2]) }),
      "fromPadded: elapsed must be [1,2,1], got [1,2]",
    ],
    [
      "option of toPadded",
      () => toPadded(batchOf([4]), { maxLength: 5 } as object),
      "toPadded: unknown option maxLength; did you mean steps?",
    ],
    [
      "option of toTimeMajor",
      () => toTimeMajor(batchOf([4]), { step: 5 } as object),
      "toTimeMajor: unknown option step; did you mean steps?",
    ],
    [
      "option of batchesByLength",
      () => batchesByLength(batchOf([1]), { size: 1, ...{ shuffle: key(1) } }),
      "batchesByLength: unknown option shuffle; did you mean key?",
    ],
    [
      "part of raggedBatch",
      () => raggedBatch({ values, offsets: [0, 3], ...{ elpased: values } }),
      "raggedBatch: unknown option elpased; did you mean elapsed?",
    ],
    [
      "part of fromPadded",
      () => fromPadded({ x: tensor([1, 2], [1, 2, 1]), lengths: [1], ...{ masks: values } }),
      "fromPadded: unknown option masks; did you mean mask?",
    ],
    ["size", () => batchesByLength(batchOf([1]), { size: 0 }), "batchesByLength: size must be an integer >= 1, got 0"],
    [
      "join",
      () => joinRagged([batchOf([1]), raggedBatch({ values: tensor([1, 2], [1, 2]), offsets: [0, 1] })]),
      "joinRagged: elapsed of batch 0 is f32 [1,1], but of batch 1 there is none",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
