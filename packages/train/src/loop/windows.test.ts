import { key, leavesOf, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches, windows } from "../index.ts";

/** Sequences whose step t of sequence n holds 100 n + t + 1, so that no step is like padding. */
function dataOf(count: number, time: number): { readonly x: Tensor; readonly label: Tensor } {
  const x = Float32Array.from({ length: count * time }, (_, i) => 100 * Math.floor(i / time) + (i % time) + 1);
  return { x: tensor(x, [count, time, 1]), label: tensor(Int32Array.from({ length: count }, (_, n) => n)) };
}

const sizes = fc.record({ count: fc.integer({ min: 1, max: 5 }), time: fc.integer({ min: 1, max: 9 }), size: fc.integer({ min: 1, max: 3 }), k1: fc.integer({ min: 1, max: 10 }), more: fc.nat(6) });
const numbers = (x: Tensor): number[] => [...valuesOf(x)];

describe("windows", () => {
  test("hold the last k2 steps before every k1-th, each step counting once an epoch, after a reset where its sequence begins", () => {
    fc.assert(
      fc.property(sizes, ({ count, time, size, k1, more }) => {
        const k2 = k1 + more;
        const counts = new Map<number, number>();
        const cut = windows(batches(dataOf(count, time), { size, key: key(1) }), { k1, k2 });
        expect(cut.perEpoch).toBe(Math.ceil(count / size) * Math.ceil(time / k1));
        for (const { batch, step, examples } of cut.epoch(2)) {
          const end = ((step % Math.ceil(time / k1)) + 1) * k1;
          expect([batch.x.shape, batch.counted.shape, batch.resets.shape, batch.resets.dtype]).toEqual([[size, k2, 1], [size, k2], [size, k2], "bool"]);
          const [x, counted, resets, labels] = [numbers(batch.x), numbers(batch.counted), numbers(batch.resets), numbers(batch.label)];
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
    expect(seen.map(({ lengths }) => numbers(lengths))).toEqual([[3, 3], [3, 1], [2, 0]]);
    expect(seen.map(({ resets }) => numbers(resets))).toEqual([[0, 1, 0, 0, 1, 1], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0]]);
    expect(seen.map(({ counted }) => numbers(counted))).toEqual([[0, 1, 1, 0, 0, 1], [0, 0.5, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]]);
  });

  test("cut whatever has an axis of time, of any dtype and nesting", () => {
    const data = { parts: { y: tensor(Int32Array.of(1, 2, 3), [1, 3]) as Tensor, flag: tensor([1, 1, 0], [1, 3, 1], { dtype: "bool" }) as Tensor } };
    const { batch } = windows(batches(data, { size: 1 }), { k1: 2 }).at(1);
    expect(leavesOf(batch.parts).map(({ path, tensor: x }) => [path, x.dtype, x.shape, numbers(x)])).toEqual([
      ["y", "i32", [1, 2], [3, 0]],
      ["flag", "bool", [1, 2, 1], [0, 0]],
    ]);
  });

  test("name what does not fit", () => {
    const sequences = batches(dataOf(2, 4), { size: 1 });
    expect(() => windows(sequences, { k1: 0 })).toThrow("windows: expected k1 as an integer >= 1, got 0");
    expect(() => windows(sequences, { k1: 3, k2: 2 })).toThrow("windows: expected k2 as an integer >= k1, which is 3, so that no step is left out; got 2");
    expect(() => windows(sequences, { k1: 1, bptt: 2 } as never)).toThrow("windows: unknown option bptt; did you mean k2?");
    expect(() => windows(batches({ y: tensor([1, 2]) }, { size: 1 }), { k1: 1 })).toThrow("no array of a batch has an axis of time");
    expect(() => windows(batches({ ...dataOf(1, 4), y: tensor([1, 2, 3], [1, 3]) }, { size: 1 }), { k1: 1 })).toThrow("windows: x [1,4,1] has 4 steps but y has the shape [1,3]");
    expect(() => windows(batches({ ...dataOf(1, 4), lengths: tensor([1]) }, { size: 1 }), { k1: 1 }).at(0)).toThrow("windows: lengths must be i32 [1], got f32 [1]");
    expect(() => windows(sequences, { k1: 1 }).at(-1)).toThrow("windows: expected a step >= 0, got -1");
  });
});
