import { globalNorm, skipNonFinite, chain } from "@sluice/clip";
import { constrain, kernel, maxNorm, initialize } from "@sluice/params";
import {
  abs,
  concat,
  key,
  leavesOf,
  mapTree,
  matmul,
  mean,
  normal,
  reference,
  square,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adam, sgd, trainer, trainStep } from "../index.ts";

const model = { params: { W: kernel([3, 4], { constraint: maxNorm(0.5) }), V: kernel([4, 1]) } };
const batch = { x: normal(key(3), [5, 3]) as Tensor };
const loss = ({ W, V }: { readonly W: Tensor; readonly V: Tensor }, { x }: typeof batch) => ({
  loss: mean(square(matmul(matmul(x, W), V))),
});
const norms = (W: Tensor): number[] =>
  [0, 1, 2, 3].map((j) => Math.hypot(...[0, 1, 2].map((i) => valuesOf(W)[4 * i + j]!)));

const backends = [reference(), wasm()];
afterAll(() => Promise.all(backends.map((backend) => backend.close())));

describe.each(backends.map((backend) => [backend.name, backend] as const))("on %s", (_, backend) => {
  test("parameters are projected after every update, and a skipped step leaves them as they are", async () => {
    const params = initialize(model.params, key(1));
    const trained = await trainer({
      loss,
      params,
      optimizer: chain(skipNonFinite(), globalNorm(1), adam({ learningRate: 0.1 })),
      constrain: (given) => constrain(model, given),
      key: key(2),
      batch,
      backend,
    });
    expect(Math.max(...norms(params.W))).toBeGreaterThan(0.5);
    await trained.run({ x: mapTree(batch.x, () => tensor(new Float32Array(15).fill(NaN), [5, 3])) });
    expect(valuesOf((await trained.params()).W)).toEqual(valuesOf(params.W));
    for (let step = 0; step < 5; step++) {
      await trained.run(batch);
      for (const norm of norms((await trained.params()).W)) expect(norm).toBeLessThan(0.5 + 1e-6);
    }
    expect(Math.max(...norms((await trained.params()).W))).toBeGreaterThan(0.5 - 1e-6);
    await trained.dispose();
  });
});

test("a projection is any function of the parameters, and must keep their paths and shapes", () => {
  const params = initialize(model.params, key(1));
  const step = trainStep({ loss, optimizer: sgd({ learningRate: 0.1 }), constrain: (given) => mapTree(given, abs) });
  const { state } = step.step(step.init(params, key(0)), batch);
  for (const { tensor: w } of leavesOf(state.params)) expect([...valuesOf(w)].every((v) => v >= 0)).toBe(true);
  const wrong = trainStep({
    loss,
    optimizer: sgd({ learningRate: 0.1 }),
    constrain: ({ W, V }) => ({ W, V: concat([V, V], 1) }),
  });
  expect(() => wrong.step(wrong.init(params, key(0)), batch)).toThrow(
    "trainStep.step: the parameters that constrain returned do not fit: V is [4,2], expected [4,1]",
  );
});
