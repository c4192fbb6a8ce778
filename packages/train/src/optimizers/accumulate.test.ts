import { chain, globalNorm, skipNonFinite, type GradientTransform } from "@sluice/clip";
import { key, leavesOf, matmul, normal, sum, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { accumulate, adam, batches, mse, rowsOf, scaled, sgd, trainer, withScale, type Weighted } from "../index.ts";

type Line = { readonly W: Tensor };
type Points = { readonly x: Tensor; readonly y: Tensor };

const points: Points = { x: normal(key(1), [26, 3]), y: normal(key(2), [26, 1]) };
const params: Line = { W: normal(key(3), [3, 1]) };
const backend = wasm();
afterAll(() => backend.close());

const loss = ({ W }: Line, { x, y, weight }: Weighted<Points>) => ({
  loss: mse(matmul(x, W), y, { mask: weight }),
  weight: sum(weight),
});
const optimizer = () => chain(globalNorm(0.5), adam({ learningRate: 0.1 }));

const training = (transform: GradientTransform, batch: Weighted<Points>) =>
  trainer({ loss, optimizer: transform, params, key: key(0), batch, backend });

const numbersOf = (tree: Tree): number[] => leavesOf(tree).flatMap(({ tensor: x }) => [...valuesOf(x)]);

describe("accumulate", () => {
  // 26 examples in batches of 4: the last has 2, so that a mean of means would be another.
  test("updates as one batch of all examples does, to rounding, and not before", async () => {
    const small = batches(points, { size: 4 });
    const large = batches(points, { size: 26 });
    const many = await training(accumulate(7, optimizer()), small.at(0).batch);
    const one = await trainer({
      loss,
      optimizer: optimizer(),
      params,
      key: key(0),
      batch: large.at(0).batch,
      backend,
    });
    for (let update = 0; update < 3; update++) {
      const before = numbersOf(await many.params());
      for (let i = 0; i < 7; i++) {
        expect(numbersOf(await many.params())).toEqual(before);
        await many.run(small.at(7 * update + i).batch);
      }
      await one.run(large.at(update).batch);
      const expected = numbersOf(await one.params());
      numbersOf(await many.params()).forEach((w, i) => expect(w).toBeCloseTo(expected[i]!, 5));
      expect(numbersOf(await many.params())).not.toEqual(before);
    }
  });

  test("does not count a batch that is skipped before it", async () => {
    const cut = batches(points, { size: 4 });
    const good = [0, 1, 2].map((step) => cut.at(step).batch);
    const bad = { ...good[0]!, x: tensor(new Float32Array(12).fill(NaN), [4, 3]) };
    const run = async (given: readonly Weighted<Points>[]): Promise<number[]> => {
      const trained = await trainer({
        loss,
        optimizer: chain(skipNonFinite(), accumulate(3, sgd({ learningRate: 0.1 }))),
        params,
        key: key(0),
        batch: good[0]!,
        backend,
      });
      for (const batch of given) await trained.run(batch);
      return numbersOf(await trained.params());
    };
    expect(await run([good[0]!, bad, good[1]!, bad, good[2]!])).toEqual(await run(good));
    expect(await run([good[0]!, bad, good[1]!])).toEqual(numbersOf(params));
  });

  test("of less than one batch is an error", () => {
    expect(() => accumulate(0, optimizer())).toThrow("accumulate: expected an integer number of batches >= 1, got 0");
  });
});

test("a scale multiplies updates from the step at which it is set", async () => {
  const { batch } = batches(points, { size: 26 }).at(0);
  const trained = await training(scaled(sgd({ learningRate: 0.5 })), batch);
  const step = async (): Promise<number[]> => {
    const before = numbersOf(await trained.params());
    await trained.run(batch);
    return numbersOf(await trained.params()).map((w, i) => w - before[i]!);
  };
  const start = await trained.state();
  const whole = await step();
  await trained.setState(withScale(start, 0.25));
  (await step()).forEach((moved, i) => expect(moved).toBeCloseTo(whole[i]! / 4, 6));
  await trained.setState(withScale(await trained.state(), 0));
  expect(await step()).toEqual([0, 0, 0]);
  expect(() => withScale({ optimizer: { velocity: params } }, 0.5)).toThrow("the optimizer has no scale");
});

test("batches with the longest first: rows belong together, and rows that fill up have no steps", () => {
  const lengths = tensor(Int32Array.from([2, 5, 3, 1, 4]));
  const cut = batches({ lengths, id: tensor(Int32Array.from([0, 1, 2, 3, 4])) }, { size: 3, longestFirst: true });
  const rows = [...cut.epoch(0)].map(({ order, batch }) => ({
    order: [...order],
    lengths: [...valuesOf(batch.lengths)],
    id: [...valuesOf(batch.id)],
    weight: [...valuesOf(batch.weight)],
  }));
  expect(rows).toEqual([
    { order: [1, 2, 0], lengths: [5, 3, 2], id: [1, 2, 0], weight: [1, 1, 1] },
    { order: [4, 3], lengths: [4, 1, 0], id: [4, 3, 4], weight: [1, 1, 0] },
  ]);
  expect(() => batches({ id: rowsOf(lengths, Int32Array.of(0)) }, { size: 1, longestFirst: true })).toThrow(
    "longestFirst needs lengths",
  );
});
