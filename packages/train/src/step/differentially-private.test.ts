// differentiallyPrivate: clipped sums of perExample, and the noise of DP-SGD (arXiv 1607.00133, algorithm 1).
import { dense } from "@sluice/cells";
import { globalNorm } from "@sluice/clip";
import { item, key, leavesOf, normal, scalar, sub, valuesOf, zipTrees, type Tensor, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import { descend, differentiallyPrivate, mse, perExample, trainer, trainStep, type GradientMethod } from "../index.ts";

const [rows, input, output] = [6, 40, 50];
const model = dense({ input, output });
const params = model.init(key(1));
const batch = { x: normal(key(2), [rows, input]), y: normal(key(3), [rows, output]) };
const loss = (p: typeof params, { x, y }: typeof batch) => ({ loss: mse(model.apply(p, x).output, y) });
const options = { limit: 0.05, noise: 1.5, examples: 8 };

/** The update of one step at rate 1, which is the gradient. */
function gradientOf(gradients: GradientMethod, step = 0, seed = 5): typeof params {
  const training = trainStep({ loss, gradients, optimizer: descend(1) });
  const state = { ...training.init(params, key(seed)), step: scalar(step, "i32") };
  return zipTrees(params, training.step(state, batch).state.params, sub);
}
const numbers = (tree: Tree): number[] =>
  leavesOf(tree).flatMap(({ tensor: x }: { tensor: Tensor }) => [...valuesOf(x)]);

const plain = numbers(gradientOf(perExample(globalNorm(options.limit), { divideBy: options.examples })));
const noiseAt = (step: number, seed = 5): number[] =>
  numbers(gradientOf(differentiallyPrivate(options), step, seed)).map((g, i) => g - plain[i]!);

test("without noise it is the sum of the clipped gradients divided by L", () => {
  expect(numbers(gradientOf(differentiallyPrivate({ ...options, noise: 0 })))).toEqual(plain);
});

test("the noise of the mean has the deviation sigma C / L", () => {
  const noise = noiseAt(0);
  const n = noise.length;
  expect(n).toBe(input * output + output);
  const deviation = (options.noise * options.limit) / options.examples;
  const mean = noise.reduce((a, b) => a + b, 0) / n;
  const variance = noise.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  // Within four standard errors of a normal sample.
  expect(Math.abs(mean)).toBeLessThan((4 * deviation) / Math.sqrt(n));
  expect(Math.abs(Math.sqrt(variance) / deviation - 1)).toBeLessThan(4 / Math.sqrt(2 * (n - 1)));
});

test("the noise comes from the run's key and the step", () => {
  expect(noiseAt(0)).toEqual(noiseAt(0));
  for (const other of [noiseAt(1), noiseAt(0, 6)]) {
    const [a, b] = [noiseAt(0), other];
    const product = a.reduce((total, value, i) => total + value * b[i]!, 0);
    const size = (v: readonly number[]): number => Math.sqrt(v.reduce((total, value) => total + value * value, 0));
    expect(Math.abs(product / (size(a) * size(b)))).toBeLessThan(4 / Math.sqrt(a.length));
  }
});

test("a resumed run draws the same noise, and reports what perExample does", async () => {
  const start = () =>
    trainer({ loss, gradients: differentiallyPrivate(options), optimizer: descend(0.1), params, key: key(7), batch });
  const [whole, resumed] = [await start(), await start()];
  const { examples } = await whole.run(batch);
  expect(Object.keys(examples)).toEqual(["norm", "limit", "clipped"]);
  expect(examples["limit"]).toBeCloseTo(options.limit);
  await resumed.restore(await whole.save());
  await Promise.all([whole.run(batch), resumed.run(batch)]);
  expect(numbers(await resumed.params())).toEqual(numbers(await whole.params()));
  expect(item((await whole.state()).step)).toBe(2);
  await Promise.all([whole.dispose(), resumed.dispose()]);
});
