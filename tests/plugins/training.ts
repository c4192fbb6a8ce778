// A model of one's own, trained by `fit` and as the trial of a study, and read back with its weights.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSafetensors, weightsHash } from "@sluice/formats";
import { key, matmul, normal, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { adam, mse } from "@sluice/train";
import { inProcess, memoryStore, planRun, runStudy, study, weightFiles } from "@sluice/study";
import { fit, trainingMetrics, trainingTrial } from "@sluice/trials";

/** y = x w, with w = (1, -2). */
function line(count: number, seed: number) {
  const x = normal(key(seed), [count, 2]);
  return { x, y: matmul(x, tensor([1, -2], [2, 1])) };
}

const model = {
  init: (root: ArrayTensor) => ({ W: normal(root, [2, 1]) }),
  apply: (params: { readonly W: Tensor }, { x }: { readonly x: Tensor }) => ({ output: matmul(x, params.W) }),
};

test("a model that is no layer is trained to its best weights", async () => {
  const data = { train: line(64, 1), validation: line(16, 2) };
  const trained = await fit(model, data, {
    loss: mse,
    optimizer: adam({ learningRate: 0.1 }),
    epochs: 200,
    patience: 20,
    keep: "best",
    seed: 1,
  });
  const [a, b] = valuesOf(trained.params.W);
  assert.ok(Math.abs(a! - 1) < 0.05 && Math.abs(b! + 2) < 0.05, `the weights are ${a}, ${b}`);
});

test("the same model is the trial of a study, which keeps its weights", async () => {
  const lines = study({
    name: "lines",
    question: "Does a line find itself?",
    settings: { batch: 16, epochs: 20, learningRate: 0.1, clip: 10, logEvery: 10, validateEvery: 20 },
    tasks: { one: {} },
    variants: { adam: {} },
    seeds: 1,
    metrics: trainingMetrics,
    trial: (context) =>
      trainingTrial(context, model, {
        data: { train: line(64, 1), validation: line(16, 2), test: line(16, 3) },
        loss: mse,
        keep: "best",
      }),
  });
  const store = memoryStore();
  const { records } = await runStudy(await planRun(lines, { store, executor: inProcess(), budget: "full" }));
  const [record] = records;
  assert.equal(record?.status, "done", record?.reason);
  const { tensors } = readSafetensors(await store.readFile(record, weightFiles.best));
  assert.equal(await weightsHash(tensors), record.weights);
});
