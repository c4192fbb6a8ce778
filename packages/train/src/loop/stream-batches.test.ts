import { key, matmul, sliceAxis, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mse, sgd, streamBatches, trainer, type StreamBatchesOptions, type StreamedBatch } from "../index.ts";

type Numbers = { readonly x: Tensor; readonly y: Tensor };
const chunk = (numbers: readonly number[]): Numbers => ({
  x: tensor(
    numbers.flatMap((n) => [n, -n]),
    [numbers.length, 2],
  ),
  y: tensor(Int32Array.from(numbers)),
});
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Numbers 0 to n - 1 in chunks of these sizes, again and again. */
function* chunksOf(n: number, sizes: readonly number[]): Generator<Numbers> {
  for (let [from, i] = [0, 0]; from < n; i++) {
    const size = Math.min(sizes[i % sizes.length] ?? 1, n - from);
    yield chunk(range(size).map((k) => from + k));
    from += size;
  }
}

async function all(source: () => Iterable<Numbers>, options: StreamBatchesOptions): Promise<StreamedBatch<Numbers>[]> {
  const found: StreamedBatch<Numbers>[] = [];
  for await (const batch of streamBatches(source, options)) found.push(batch);
  return found;
}
const numbersOf = (found: readonly StreamedBatch<Numbers>[]): number[] =>
  found.flatMap(({ batch, examples }) => [...valuesOf(batch.y)].slice(0, examples));

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

describe("a stream of batches", () => {
  test("without a key has the order of the source, whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        sizes,
        fc.integer({ min: 1, max: 7 }),
        async (n, parts, size) => {
          const found = await all(() => chunksOf(n, parts), { size });
          expect(numbersOf(found)).toEqual(range(n));
          for (const { batch, examples } of found) {
            expect([batch.x.shape, batch.y.shape]).toEqual([[size, 2], [size]]);
            expect([...valuesOf(batch.weight)]).toEqual(range(size).map((row) => (row < examples ? 1 : 0)));
            valuesOf(batch.y).forEach((number, row) =>
              expect([...valuesOf(batch.x).subarray(2 * row, 2 * row + 2)]).toEqual([number, -number]),
            );
          }
          const dropped = await all(() => chunksOf(n, parts), { size, last: "drop" });
          expect(numbersOf(dropped)).toEqual(range(n - (n % size)));
        },
      ),
    );
  });

  test("shuffled has every example once an epoch, in the order of the key and the epoch", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        sizes,
        fc.integer({ min: 1, max: 80 }),
        async (n, parts, buffer) => {
          const options = { size: 4, buffer, key: key(3), epochs: 2 };
          const found = await all(() => chunksOf(n, parts), options);
          for (const epoch of [0, 1]) {
            const own = numbersOf(found.filter((one) => one.epoch === epoch));
            expect(own.toSorted((a, b) => a - b)).toEqual(range(n));
            // Example k is read when at least k - buffer others have been given.
            own.forEach((number, place) => expect(number).toBeLessThanOrEqual(place + buffer));
          }
          expect(numbersOf(await all(() => chunksOf(n, [1]), options))).toEqual(numbersOf(found));
        },
      ),
    );
    const orderOf = async (seed: number, epochs = 1): Promise<number[]> =>
      numbersOf(await all(() => chunksOf(50, [7]), { size: 5, buffer: 50, key: key(seed), epochs }));
    const [first, other, twice] = [await orderOf(1), await orderOf(2), await orderOf(1, 2)];
    expect(first).not.toEqual(other);
    expect(twice.slice(0, 50)).toEqual(first);
    expect(twice.slice(50)).not.toEqual(first);
  });

  test("goes on at any batch as if it had not been interrupted", async () => {
    const options = { size: 4, buffer: 6, key: key(9), epochs: 3 };
    const whole = await all(() => chunksOf(22, [5, 2]), options);
    expect(whole).toHaveLength(18);
    for (const [done, { next }] of whole.entries()) {
      const rest = await all(() => chunksOf(22, [5, 2]), { ...options, from: next });
      expect(numbersOf(rest)).toEqual(numbersOf(whole.slice(done + 1)));
      expect(rest.map(({ epoch, index }) => [epoch, index])).toEqual(
        whole.slice(done + 1).map(({ epoch, index }) => [epoch, index]),
      );
    }
  });

  test("holds a buffer and a batch, of a source without end", async () => {
    let [read, given, most, closed] = [0, 0, 0, false];
    function* endless(): Generator<Numbers> {
      try {
        for (;;) {
          most = Math.max(most, read - given);
          yield chunk([read++]);
        }
      } finally {
        closed = true;
      }
    }
    for await (const { examples } of streamBatches(endless, { size: 8, buffer: 100, key: key(1) })) {
      given += examples;
      if (given >= 20_000) break;
    }
    expect(given).toBe(20_000);
    expect(most).toBeLessThanOrEqual(100 + 8);
    expect(closed).toBe(true);
  });

  test("feeds the training step: a run that stopped and went on has the same weights", async () => {
    type Weighted = Numbers & { readonly weight: Tensor };
    const options = { size: 4, buffer: 6, key: key(9), epochs: 2 };
    const stream = (from?: StreamedBatch<Numbers>["next"]) =>
      streamBatches(() => chunksOf(10, [3]), { ...options, ...(from && { from }) });
    const [first] = await all(() => chunksOf(10, [3]), options);
    const make = async (W: Tensor) =>
      trainer({
        loss: ({ W: own }: { W: Tensor }, { x, weight }: Weighted) => ({
          loss: mse(matmul(x, own), sliceAxis(x, 1, 0, 1), { mask: weight }),
        }),
        optimizer: sgd({ learningRate: 0.01 }),
        params: { W },
        key: key(2),
        batch: first!.batch,
      });
    const whole = await make(tensor([0, 0], [2, 1]));
    let at: StreamedBatch<Numbers>["next"] | undefined;
    let middle: Tensor | undefined;
    for await (const { batch, next } of stream()) {
      await whole.run(batch);
      if (next.epoch === 1 && next.index === 1) [at, middle] = [next, (await whole.params()).W];
    }
    const rest = await make(middle!);
    for await (const { batch } of stream(at)) await rest.run(batch);
    const [wanted, found] = [(await whole.params()).W, (await rest.params()).W];
    expect([...valuesOf(found)]).toEqual([...valuesOf(wanted)]);
    expect(valuesOf(wanted)[0]).not.toBe(valuesOf(middle!)[0]);
  });
});

const fits = { size: 2 };
test.each<[object, string]>([
  [{ size: 0 }, "streamBatches: size must be an integer >= 1, got 0"],
  [{ ...fits, buffer: 3 }, "streamBatches: a buffer of 3 examples shuffles, which needs a key; pass key: key(0)"],
  [{ ...fits, key: key(1) }, "streamBatches: a key needs a buffer"],
  [{ ...fits, buffer: -1 }, "streamBatches: buffer must be an integer >= 0, got -1"],
  [{ ...fits, epochs: 0 }, "streamBatches: epochs must be an integer >= 1 or Infinity, got 0"],
  [{ ...fits, last: "keep" }, 'streamBatches: last must be "pad" or "drop", got "keep"'],
  [{ ...fits, from: { epoch: 0, index: -1 } }, "streamBatches: from.index must be an integer >= 0, got -1"],
  [{ ...fits, seed: 1 }, "streamBatches: unknown option seed; did you mean key?"],
])("refuses %j", (options, message) => {
  expect(() => streamBatches(() => [], Object(options))).toThrow(message);
});

test.each<[string, () => Iterable<object>, string]>([
  [
    "another form",
    () => [chunk([1]), { ...chunk([2]), y: tensor([2]) }],
    "an example of chunk 1 has x f32 [2]; y f32 [], those before have x f32 [2]; y i32 []",
  ],
  ["other rows", () => [{ ...chunk([1]), y: tensor([1, 2]) }], "chunk 0 has y [2] beside 1 examples"],
  ["a part called weight", () => [{ weight: tensor([1]) }], "chunk 0 has a part called weight"],
  ["nothing", () => [{}], "chunk 0 has no arrays"],
])("a chunk with %s is an error", async (_, source, message) => {
  const read = async (): Promise<void> => {
    for await (const { examples } of streamBatches(Object(source), fits)) expect(examples).toBeGreaterThan(0);
  };
  await expect(read()).rejects.toThrow(message);
});

test("a source that is no function is refused", () => {
  expect(() => streamBatches(Object([]), fits)).toThrow("expected a function of the epoch that gives chunks");
});
