import { key, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches, permutation, runningMean } from "../index.ts";

const dataOf = (n: number) => ({
  x: tensor(
    Float32Array.from({ length: 2 * n }, (_, i) => i),
    [n, 2],
  ) as Tensor,
  parts: { y: tensor(Int32Array.from({ length: n }, (_, i) => i)) as Tensor },
});

describe("permutation", () => {
  test("is one, for any size and key", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (n, seed) => {
        expect([...permutation(key(seed), n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("has the values of an implementation in Python", () => {
    expect([...permutation(key(7), 10)]).toEqual([1, 8, 3, 4, 9, 6, 5, 7, 2, 0]);
  });

  test("puts every element everywhere equally often", () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let seed = 0; seed < 4000; seed++) permutation(key(seed), 4).forEach((x, place) => counts[place]![x]!++);
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });
});

describe("batches", () => {
  test("hold every example once an epoch, with weight 1, and rows belong together", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.nat(3), (n, size, epoch) => {
        const seen: number[] = [];
        for (const { batch, examples, epoch: at } of batches(dataOf(n), { size, key: key(3) }).epoch(epoch)) {
          expect(at).toBe(epoch);
          expect(batch.x.shape).toEqual([size, 2]);
          const [y, weight, x] = [valuesOf(batch.parts.y), valuesOf(batch.weight), valuesOf(batch.x)];
          for (let i = 0; i < size; i++) {
            expect(weight[i]).toBe(i < examples ? 1 : 0);
            expect([x[2 * i], x[2 * i + 1]]).toEqual([2 * y[i]!, 2 * y[i]! + 1]);
            if (weight[i] === 1) seen.push(y[i]!);
          }
        }
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("come in the same order wherever one starts, in another each epoch, and in the data's without a key", () => {
    const orderOf = (b: { batch: { parts: { y: Tensor } } }[]): number[] =>
      b.flatMap(({ batch }) => [...valuesOf(batch.parts.y)]);
    const shuffled = batches(dataOf(20), { size: 6, key: key(1) });
    const all = [...shuffled.from(0, 12)];
    expect(orderOf([...batches(dataOf(20), { size: 6, key: key(1) }).from(5, 12)])).toEqual(orderOf(all.slice(5)));
    expect(all.map(({ step, epoch }) => [step, epoch])).toEqual(
      Array.from({ length: 12 }, (_, i) => [i, Math.floor(i / 4)]),
    );
    expect(orderOf([...shuffled.epoch(0)])).not.toEqual(orderOf([...shuffled.epoch(1)]));
    expect(orderOf([...batches(dataOf(6), { size: 3 }).epoch(4)])).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("drop a short last batch when asked to", () => {
    expect(batches(dataOf(20), { size: 6, last: "drop" }).stepsIn(1)).toBe(3);
    expect(() => batches(dataOf(2), { size: 6, last: "drop" })).toThrow(
      'batches: 2 examples are less than one batch of 6, and last is "drop"',
    );
  });

  test("name what is wrong with the data", () => {
    expect(() => batches({ x: tensor([1, 2]), y: tensor([1]) }, { size: 1 })).toThrow(
      /batches: x \[2\] has 2 examples but y has the shape \[1\]/,
    );
    expect(() => batches({ x: tensor([], [0, 3]) }, { size: 1 })).toThrow("batches: the data has no examples");
    expect(() => batches({ weight: tensor([1]) }, { size: 1 })).toThrow(/rename it/);
    expect(() => batches({ x: tensor([1]) }, { size: 1, shuffel: true } as never)).toThrow(/unknown option shuffel/);
  });
});

test("runningMean weights, and forgets at reset", () => {
  const mean = runningMean<{ a: number }>();
  mean.add({ a: 1 }, 3);
  mean.add({ a: 5 });
  mean.add({ a: NaN }, 0);
  expect(mean.mean()).toEqual({ a: 2 });
  expect(mean.weight).toBe(4);
  mean.reset();
  mean.add({ a: 7 });
  expect(mean.mean()).toEqual({ a: 7 });
});
