// Streaming metrics in fit, evaluateModel, crossValidate and trials.
import { dense, rnn, sequence, sequential } from "@sluice/cells";
import { key, normal, reshape, softplus, split, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import {
  accuracy,
  accuracyScore,
  adam,
  auroc,
  confusionMatrix,
  crossEntropy,
  evaluateMetric,
  f1,
  gaussianCrps,
  gaussianNll,
  meanAbsoluteError,
  mse,
  topKAccuracy,
  type GaussianPrediction,
} from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import type { TrialContext } from "@sluice/study";
import { crossValidate, evaluateModel, fit, trainingTrial, type Model, type TrainingSettings } from "./index.ts";
import { runInMemory } from "./testing/index.ts";

const backend = wasm();
afterAll(() => backend.close());

/** Sequences of 4 numbers; the class is 1 if the last number is above 0.3. */
function lasts(count: number, seed: number) {
  const x = normal(key(seed), [count, 4, 1]);
  const values = valuesOf(x);
  return { x, y: tensor(Int32Array.from({ length: count }, (_, row) => ((values[4 * row + 3] ?? 0) > 0.3 ? 1 : 0))) };
}

const data = { train: lasts(40, 1), validation: lasts(29, 2), test: lasts(31, 3) };
const model = sequential([sequence(rnn({ input: 1, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })]);
const options = {
  loss: crossEntropy,
  metrics: { accuracy, right: accuracyScore(), auroc: auroc(), f1: f1({ zeroDivision: 0 }) },
  optimizer: adam({ learningRate: 0.03 }),
  size: 8,
  epochs: 4,
  backend,
} as const;

describe("fit", () => {
  test("values are of the whole validation data, and read back for the best weights", async () => {
    const trained = await fit(model, data, { ...options, keep: "best", watch: { metric: "auroc" } });
    const values = trained.history.map(({ validation }) => validation!.metrics);
    const areas = values.map((own) => own.auroc);
    expect(trained.best.step).toBe(trained.history[areas.indexOf(Math.max(...areas))]!.step);
    expect(new Set(areas).size).toBeGreaterThan(2);
    for (const own of values) expect(own.right).toBeCloseTo(own.accuracy, 6);

    const logits = await trained.predict(data.test);
    expect(trained.test!.metrics.auroc).toBe(evaluateMetric(auroc(), logits, data.test.y));
    expect(trained.test!.metrics.f1).toBe(evaluateMetric(f1({ zeroDivision: 0 }), logits, data.test.y));
    expect(trained.test!.notDefined).toBeUndefined();
    expect(await trained.evaluate(data.test)).toEqual(trained.test);
    // Training steps have the metrics that are functions.
    expect(Object.keys(trained.history.at(-1)!.training!.metrics)).toEqual(["accuracy"]);
  });

  test("a resumed run has the same values", async () => {
    let middle: Uint8Array | undefined;
    const whole = await fit(model, data, {
      ...options,
      onRow: async ({ step }, run) => {
        if (step === 10) middle = await run.checkpoint();
      },
    });
    expect((await fit(model, data, { ...options, resume: middle! })).history).toEqual(whole.history);
  });

  test("a value that is not defined has a reason, and chooses no weights", async () => {
    const { x } = data.validation;
    const ofOne = { x, y: tensor(new Int32Array(29)) };
    const trained = await fit(model, { ...data, validation: ofOne }, options);
    const { metrics, notDefined } = trained.history.at(-1)!.validation!;
    expect(metrics.auroc).toBeNaN();
    expect(notDefined).toEqual({ auroc: "auroc: there are no positive targets" });
    await expect(
      fit(model, { ...data, validation: ofOne }, { ...options, keep: "best", watch: { metric: "auroc" } }),
    ).rejects.toThrow(
      "fit: auroc was NaN in the best evaluation of data.validation (auroc: there are no positive targets), so no weights are the best",
    );
  });

  test("what is better is the metric's own, and must be said for functions", async () => {
    await expect(fit(model, data, { ...options, watch: { metric: "auroc", better: "lower" } })).rejects.toThrow(
      'fit: watch.better is "lower", but a higher auroc is better',
    );
    await expect(fit(model, data, { ...options, watch: { metric: "accuracy" } })).rejects.toThrow(
      'fit: expected watch.better as "lower" or "higher", got undefined; accuracy does not say it of itself',
    );
    await expect(fit(model, data, { ...options, watch: { metric: "loss", better: "higher" } })).rejects.toThrow(
      'watch.better is "higher", but a lower loss is better',
    );
  });

  test("a metric that is not called, or is not one, is an error", async () => {
    const given = (metrics: object) => fit(model, data, { ...options, metrics } as never);
    await expect(given({ mae: meanAbsoluteError })).rejects.toThrow(
      "fit: metrics.mae is a function that returns a metric; call it: { mae: f() }",
    );
    await expect(given({ auroc: 3 })).rejects.toThrow(
      "fit: metrics.auroc is 3, expected metrics by name, such as { accuracy, auroc: auroc() }",
    );
    await expect(given({ top: topKAccuracy({ k: 2 }) })).rejects.toThrow(
      "topKAccuracy: k is 2, but there are only 2 classes",
    );
    await expect(given({ matrix: confusionMatrix() })).rejects.toThrow(
      "metrics.matrix: the value is not a number; call evaluateMetric with the predictions for metrics of other values",
    );
  });
});

describe("evaluateModel", () => {
  const params = model.init(key(7));

  test("any size of batches gives the same bits, and a last batch that is filled up counts once", async () => {
    const { optimizer: _, epochs: _epochs, ...rest } = options;
    const values = [];
    for (const size of [1, 5, 8, 29, 64])
      values.push((await evaluateModel(model, params, data.validation, { ...rest, size })).metrics);
    const [first] = values;
    for (const own of values) expect([own.right, own.auroc, own.f1]).toEqual([first!.right, first!.auroc, first!.f1]);
  });

  test("of every step, with lengths and a mask, counts the real steps", async () => {
    const steps = sequential([sequence(rnn({ input: 1, hidden: 3 })), dense({ input: 3, output: 2 })]);
    const own = steps.init(key(1));
    const x = normal(key(4), [5, 6, 1]);
    const lengths = tensor(Int32Array.of(6, 2, 5, 1, 3));
    const y = tensor(
      Int32Array.from({ length: 30 }, (_, i) => i % 2),
      [5, 6],
    );
    const mask = tensor(
      Array.from({ length: 30 }, (_, i) => Number(i % 4 !== 2)),
      [5, 6],
      { dtype: "bool" },
    );
    const examples = { x, lengths, mask, y };
    const { metrics } = await evaluateModel(steps, own, examples, {
      loss: crossEntropy,
      metrics: { right: accuracyScore(), accuracy, auroc: auroc() },
      size: 2,
      backend,
    });
    const logits = steps.apply(own, x, { lengths, mask }).output;
    expect(metrics.right).toBe(evaluateMetric(accuracyScore(), logits, y, { mask, lengths }));
    expect(metrics.auroc).toBeCloseTo(evaluateMetric(auroc(), logits, y, { mask, lengths }) as number, 12);
    expect(metrics.right).toBeCloseTo(metrics.accuracy, 6);
  });

  test("a loss that is NaN leaves metrics without a value", async () => {
    const { x, y } = data.validation;
    const strange = { x, y: tensor(Int32Array.from(valuesOf(y)).with(3, 7)) };
    const found = await evaluateModel(model, params, strange, {
      ...{ loss: crossEntropy, size: 8, backend },
      metrics: options.metrics,
    });
    expect(found.loss).toBeNaN();
    expect(found.notDefined).toEqual({ right: "the loss is NaN", auroc: "the loss is NaN", f1: "the loss is NaN" });
  });
});

test("crossValidate", async () => {
  const { x, y } = data.train;
  const folds = await crossValidate(model, { x, y }, { ...options, epochs: 1, folds: 4, classes: valuesOf(y) });
  for (const { trained, test: own, rows } of folds) {
    const logits = await trained.predict({ x: rowsOfX(x, rows.test) });
    const targets = tensor(Int32Array.from(rows.test, (row) => valuesOf(y)[row]!));
    expect(own.metrics.auroc).toBe(evaluateMetric(auroc(), logits, targets));
  }
});

const rowsOfX = (x: Tensor, rows: Int32Array): Tensor =>
  tensor(Float32Array.from([...rows].flatMap((row) => [...valuesOf(x).subarray(4 * row, 4 * row + 4)])), [
    rows.length,
    4,
    1,
  ]);

test("a trial writes them as its metrics", async () => {
  const trial = (context: TrialContext<TrainingSettings>) =>
    trainingTrial(context, model, {
      data,
      loss: crossEntropy,
      metrics: { auroc: auroc() },
      keep: "best",
      watch: { metric: "auroc" },
      validated: ({ metrics }) => ({ area: metrics.auroc }),
      tested: ({ metrics }) => ({ area: metrics.auroc }),
    });
  const config = { batch: 8, epochs: 2, learningRate: 0.03, clip: 1, logEvery: 5, validateEvery: 5 };
  const { outcome, left } = await runInMemory({ trial }, { config });
  expect(left.rows.filter((row) => "area" in row).length).toBeGreaterThan(1);
  expect(outcome?.metrics?.["area"]).toBeGreaterThan(0);
});

test("a trial leaves out what its data does not define, and logs why", async () => {
  const ofOne = { x: data.validation.x, y: tensor(new Int32Array(29)) };
  const trial = (context: TrialContext<TrainingSettings>) =>
    trainingTrial(context, model, {
      data: { train: data.train, validation: ofOne, test: ofOne },
      loss: crossEntropy,
      metrics: { auroc: auroc() },
      validated: ({ metrics, loss }) => ({ area: metrics.auroc, loss }),
      tested: ({ metrics, loss }) => ({ area: metrics.auroc, loss }),
    });
  const config = { batch: 8, epochs: 1, learningRate: 0.03, clip: 1, logEvery: 5, validateEvery: 5 };
  const { outcome, left } = await runInMemory({ trial }, { config });
  expect(left.rows.every((row) => !("area" in row))).toBe(true);
  expect(Object.keys(outcome?.metrics ?? {})).toEqual(["loss"]);
  expect(left.log).toEqual([
    "step 0: auroc is not defined: auroc: there are no positive targets",
    "step 5: auroc is not defined: auroc: there are no positive targets",
    "the test data: auroc is not defined: auroc: there are no positive targets",
  ]);
});

test("a regression", async () => {
  const targets = { ...data, train: { x: data.train.x, y: normal(key(5), [40, 2]) } };
  const trained = await fit(
    model,
    { train: targets.train, validation: targets.train },
    { loss: mse, metrics: { mae: meanAbsoluteError() }, epochs: 1, backend, watch: { metric: "mae" }, keep: "best" },
  );
  expect(trained.history[0]!.validation!.metrics.mae).toBeGreaterThan(0);
});

test("a model of distributions is evaluated by their score", async () => {
  const layer = sequential([
    sequence(rnn({ input: 1, hidden: 3 }), { outputs: "last" }),
    dense({ input: 3, output: 2 }),
  ]);
  const distribution: Model<ReturnType<typeof layer.init>, typeof data.train, GaussianPrediction> = {
    init: layer.init,
    apply(params, { x }) {
      const [mean, spread] = split(layer.apply(params, x).output, 2);
      return { output: { mean: reshape(mean, [-1]), variance: softplus(reshape(spread, [-1])) } };
    },
  };
  const trained = await fit(distribution, data, {
    loss: (output, y, counted) => gaussianNll(output, y, counted),
    metrics: { crps: gaussianCrps() },
    optimizer: adam({ learningRate: 0.03 }),
    epochs: 3,
    keep: "best",
    watch: { metric: "crps" },
    backend,
  });
  const output = await trained.predict(data.test);
  expect(trained.test!.metrics.crps).toBe(evaluateMetric(gaussianCrps(), output, data.test.y));
  const scores = trained.history.map(({ validation }) => validation!.metrics.crps);
  expect(Math.min(...scores)).toBeLessThan(scores[0]!);
});
