import { raggedBatch } from "@sluice/irregular";
import { key, leavesOf, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches, raggedBatches, windows } from "../index.ts";

/** Sequences whose step t of sequence n holds 100 n + t + 1, so that no step is like padding. */
function dataOf(count: number, time: number): { readonly x: Tensor; readonly label: Tensor } {
  const x = Float32Array.from({ length: count * time }, (_, i) => 100 * Math.floor(i / time) + (i % time) + 1);
  return { x: tensor(x, [count, time, 1]), label: tensor(Int32Array.from({ length: count }, (_, n) => n)) };
}

const sizes = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  time: fc.integer({ min: 1, max: 9 }),
  size: fc.integer({ min: 1, max: 3 }),
  k1: fc.integer({ min: 1, max: 10 }),
  more: fc.nat(6),
});
const numbers = (x: Tensor): number[] => [...valuesOf(x)];

describe("windows", () => {
  test("hold the last k2 steps before every k1-th, each step counting once an epoch, after a reset where its sequence begins", () => {
    fc.assert(
      fc.property(sizes, ({ count, time, size, k1, more }) => {
        const k2 = k1 + more;
        const counts = new Map<number, number>();
        const cut = windows(batches(dataOf(count, time), { size, key: key(1) }), { k1, k2 });
        expect(cut.stepsIn(1)).toBe(Math.ceil(count / size) * Math.ceil(time / k1));
        for (const { batch, step, examples } of cut.epoch(2)) {
          const end = ((step % Math.ceil(time / k1)) + 1) * k1;
          expect([batch.x.shape, batch.counted.shape, batch.resets.shape, batch.resets.dtype]).toEqual([
            [size, k2, 1],
            [size, k2],
            [size, k2],
            "bool",
          ]);
          const [x, counted, resets, labels] = [
            numbers(batch.x),
            numbers(batch.counted),
            numbers(batch.resets),
            numbers(batch.label),
          ];
          for (let row = 0; row < size; row++) {
            for (let j = 0; j < k2; j++) {
              const [i, t] = [row * k2 + j, end - k2 + j];
              const there = t >= 0 && t < time;
              expect(x[i]).toBe(there ? 100 * labels[row]! + t + 1 : 0);
              expect(resets[i]).toBe(t === 0 ? 1 : 0);
              expect(counted[i]).toBe(there && j >= k2 - k1 && row < examples ? 1 : 0);
              if (counted[i] === 1) counts.set(x[i]!, (counts.get(x[i]!) ?? 0) + 1);
            }
          }
        }
        expect(counts.size).toBe(count * time);
        expect(new Set(counts.values())).toEqual(new Set([1]));
      }),
    );
  });

  test("are the same wherever one starts, and count batches and epochs on", () => {
    const cut = () => windows(batches(dataOf(5, 7), { size: 2, key: key(1) }), { k1: 3, k2: 4 });
    const all = [...cut().from(0, 20)];
    expect([...cut().from(11, 20)]).toEqual(all.slice(11));
    expect(cut().at(13)).toEqual(all[13]);
    expect(all.map(({ step, epoch, examples }) => [step, epoch, examples])).toEqual(
      Array.from({ length: 20 }, (_, step) => [step, Math.floor(step / 9), Math.floor((step % 9) / 3) === 2 ? 1 : 2]),
    );
  });

  test("end each row at its length, and begin anew where a row's next sequence does", () => {
    const data = {
      ...dataOf(2, 5),
      lengths: tensor(Int32Array.of(5, 2)) as Tensor,
      resets: tensor([0, 0, 1, 0, 0, 0, 1, 0, 0, 0], [2, 5], { dtype: "bool" }) as Tensor,
      counted: tensor([1, 1, 0.5, 1, 0, 0, 1, 1, 1, 1], [2, 5]) as Tensor,
    };
    const seen = [...windows(batches(data, { size: 2 }), { k1: 2, k2: 3 }).epoch(0)].map(({ batch }) => batch);
    expect(seen.map(({ lengths }) => numbers(lengths))).toEqual([
      [3, 3],
      [3, 1],
      [2, 0],
    ]);
    expect(seen.map(({ resets }) => numbers(resets))).toEqual([
      [0, 1, 0, 0, 1, 1],
      [0, 1, 0, 1, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
    expect(seen.map(({ counted }) => numbers(counted))).toEqual([
      [0, 1, 1, 0, 0, 1],
      [0, 0.5, 1, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  test("cut whatever has an axis of time, of any dtype and nesting", () => {
    const data = {
      parts: {
        y: tensor(Int32Array.of(1, 2, 3), [1, 3]) as Tensor,
        flag: tensor([1, 1, 0], [1, 3, 1], { dtype: "bool" }) as Tensor,
      },
    };
    const { batch } = windows(batches(data, { size: 1 }), { k1: 2, perStep: ["parts.y"] }).at(1);
    expect(leavesOf(batch.parts).map(({ path, tensor: x }) => [path, x.dtype, x.shape, numbers(x)])).toEqual([
      ["y", "i32", [1, 2], [3, 0]],
      ["flag", "bool", [1, 2, 1], [0, 0]],
    ]);
  });

  test("leave whole what a sequence has once, also where its width is the number of steps", () => {
    const data = {
      ...dataOf(2, 4),
      age: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) as Tensor,
      next: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) as Tensor,
    };
    expect(() => windows(batches(data, { size: 2 }), { k1: 2 })).toThrow(
      'windows: age [2,4] may have one number for each of 4 steps, or 4 of a sequence; say which: perStep: ["age"] or perSequence: ["age"]',
    );
    const { batch } = windows(batches(data, { size: 2 }), { k1: 2, perSequence: ["age"], perStep: ["next"] }).at(1);
    expect([numbers(batch.age), numbers(batch.next)]).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [3, 4, 7, 8],
    ]);
    expect(() => windows(batches(data, { size: 2 }), { k1: 2, perSequence: ["age"], perStep: ["age"] })).toThrow(
      "windows: age is given as perStep and as perSequence",
    );
    const sequences = raggedBatch({ values: tensor([1, 2, 3, 4, 5], [5, 1]), offsets: [0, 2, 5] });
    const ragged = windows(
      raggedBatches(
        {
          sequences,
          perSequence: { age: tensor([1, 2, 3, 4, 5, 6], [2, 3]) as Tensor },
          perStep: { y: tensor([1, 2, 3, 4, 5]) as Tensor },
        },
        { size: 2 },
      ),
      { k1: 2 },
    ).at(0).batch;
    expect([numbers(ragged.age), numbers(ragged.y)]).toEqual([
      [4, 5, 6, 1, 2, 3],
      [3, 4, 1, 2],
    ]);
  });

  test("of sequences with lengths end with the longest one: every window has steps that count, and together they have each step once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 9 }),
        sizes,
        fc.boolean(),
        (lengths, { size, k1, more }, byLength) => {
          const total = lengths.reduce((a, b) => a + b);
          fc.pre(total > 0);
          const offsets = [0];
          for (const length of lengths) offsets.push(offsets.at(-1)! + length);
          const sequences = raggedBatch({
            values: tensor(
              Float32Array.from({ length: total }, (_, i) => i + 1),
              [total, 1],
            ),
            offsets,
          });
          const cut = () =>
            windows(raggedBatches({ sequences }, { size, key: key(1), byLength }), { k1, k2: k1 + more });
          const all = [...cut().from(0, cut().stepsIn(3))];
          for (const epoch of [0, 1, 2]) {
            const own = all.filter((numbered) => numbered.epoch === epoch);
            expect(own).toHaveLength(cut().stepsIn(epoch + 1) - cut().stepsIn(epoch));
            const seen = own.flatMap(({ batch }) => numbers(batch.x).filter((_, i) => numbers(batch.counted)[i] === 1));
            expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
          }
          for (const { batch } of all) expect(numbers(batch.counted)).toContain(1);
          const from = all.length >> 1;
          expect([...cut().from(from, all.length)]).toEqual(all.slice(from));
        },
      ),
      { numRuns: 30 },
    );
    const none = raggedBatch({ values: tensor([], [0, 1]), offsets: [0, 0, 0] });
    expect(() => windows(raggedBatches({ sequences: none }, { size: 1, steps: 3 }), { k1: 1 }).at(0)).toThrow(
      "windows: the sequences of epoch 0 have no steps",
    );
  });

  test("name what does not fit", () => {
    const sequences = batches(dataOf(2, 4), { size: 1 });
    expect(() => windows(sequences, { k1: 0 })).toThrow("windows: expected k1 as an integer >= 1, got 0");
    expect(() => windows(sequences, { k1: 3, k2: 2 })).toThrow(
      "windows: expected k2 as an integer >= k1, which is 3, so that no step is left out; got 2",
    );
    expect(() => windows(sequences, { k1: 1, bptt: 2 } as never)).toThrow(
      "windows: unknown option bptt; did you mean k2?",
    );
    expect(() => windows(batches({ y: tensor([1, 2]) }, { size: 1 }), { k1: 1 })).toThrow(
      "no array of a batch has an axis of time",
    );
    expect(() =>
      windows(batches({ ...dataOf(1, 4), y: tensor([1, 2, 3], [1, 3]) }, { size: 1 }), { k1: 1, perStep: ["y"] }),
    ).toThrow("windows: x [1,4,1] has 4 steps but y has the shape [1,3]");
    expect(() => windows(batches({ ...dataOf(1, 4), lengths: tensor([1]) }, { size: 1 }), { k1: 1 }).at(0)).toThrow(
      "windows: lengths must be i32 [1], got f32 [1]",
    );
    expect(() => windows(sequences, { k1: 1 }).at(-1)).toThrow("windows: expected a step >= 0, got -1");
  });
});
