// What fit says of data and options that are wrong.
import { dense, rnn, sequence, sequential } from "@sluice/cells";
import { key, mean, mul, normal, reshape, scalar, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { accuracy, adam, crossEntropy } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { fit, predict, type Model } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

const split = (count: number, seed: number) => ({
  x: normal(key(seed), [count, 4, 1]),
  y: tensor(Int32Array.from({ length: count }, (_, row) => row % 2)),
});

const data = { train: split(22, 1), validation: split(20, 2), test: split(30, 3) };
const model = sequential(
  [sequence(rnn({ input: 1, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })],
  { dropout: 0.2 },
);

describe("a NaN in the data", () => {
  /** The split with a NaN in one example. */
  const spoiled = ({ x, y }: typeof data.train, row: number) => {
    const values = Float32Array.from(valuesOf(x));
    values[4 * row + 2] = NaN;
    return { x: tensor(values, x.shape), y };
  };
  /** The split with a class that there is not. */
  const mislabelled = ({ x, y }: typeof data.train, row: number) => ({
    x,
    y: tensor(Int32Array.from(valuesOf(y)).with(row, 3)),
  });
  const options = { loss: crossEntropy, epochs: 2, size: 8, backend } as const;

  test.for(["best", "last"] as const)(
    "of the validation ends training and names the example: keep %s",
    async (keep) => {
      const run = fit(model, { ...data, validation: spoiled(data.validation, 13) }, { ...options, keep, patience: 1 });
      await expect(run).rejects.toThrow(
        "fit: the validation loss is NaN after 0 steps: NaN in the input x, element [5,2,0]; it is example 13 of data.validation",
      );
      await expect(run).rejects.toMatchObject({ name: "NotFiniteError", split: "validation", step: 0 });
    },
  );

  test("of the test data is told before training", async () => {
    const steps: number[] = [];
    const run = fit(
      model,
      { ...data, test: spoiled(data.test, 29) },
      { ...options, onStep: ({ step }) => void steps.push(step) },
    );
    await expect(run).rejects.toThrow(/^fit: the test loss is NaN before training: .* it is example 29 of data.test$/);
    expect(steps).toEqual([]);
  });

  test("of the training data names the input, not the labels, and the example", async () => {
    const run = fit(model, { ...data, train: spoiled(data.train, 17) }, options);
    await expect(run).rejects.toThrow(/NaN in the input x, element \[\d,2,0\]; it is example 17 of the training data$/);
  });

  test("is told from a class that there is not", async () => {
    await expect(fit(model, { ...data, train: mislabelled(data.train, 4) }, options)).rejects.toThrow(
      /NaN first in select for crossEntropy with the classes 0 to 1, element \[\d\], because y is 3 there; it is example 4 of/,
    );
    await expect(fit(model, { ...data, validation: mislabelled(data.validation, 4) }, options)).rejects.toThrow(
      /because y is 3 there; it is example 4 of data.validation$/,
    );
  });

  test("is told from a class that only the test data has, before training", async () => {
    const steps: number[] = [];
    const run = fit(
      model,
      { ...data, test: mislabelled(data.test, 17) },
      { ...options, onStep: ({ step }) => void steps.push(step) },
    );
    await expect(run).rejects.toThrow(
      /^fit: the test loss is NaN before training: .* with the classes 0 to 1, element \[\d\], because y is 3 there; it is example 17 of data.test$/,
    );
    await expect(run).rejects.toMatchObject({ name: "NotFiniteError", split: "test", step: 0 });
    expect(steps).toEqual([]);
  });

  test("that does not count does no harm", async () => {
    const counted = (split: typeof data.train) => ({
      ...split,
      kept: tensor(Float32Array.from(valuesOf(split.y), (_, row) => (row === 3 ? 0 : 1))),
    });
    const all = {
      train: counted(data.train),
      validation: counted(data.validation),
      test: counted(spoiled(data.test, 3)),
    };
    const trained = await fit(model, all, {
      ...options,
      loss: (output, y, { mask }, { kept }) => crossEntropy(output, y, { mask: mul(mask, kept) }),
    });
    expect(trained.test?.loss).toBeLessThan(5);
  });
});

test("a watched metric that is never a number chooses no weights", async () => {
  const options = {
    loss: crossEntropy,
    metrics: { f1: () => scalar(NaN) },
    epochs: 1,
    watch: { metric: "f1", better: "higher" },
    backend,
  } as const;
  await expect(fit(model, data, { ...options, keep: "best" })).rejects.toThrow(
    "fit: f1 was NaN in the best evaluation of data.validation, so no weights are the best; watch another metric",
  );
  await expect(fit(model, data, { ...options, patience: 1 })).rejects.toThrow("f1 was NaN");
  expect((await fit(model, data, options)).last.step).toBe(1);
});

test("errors say what is missing", async () => {
  const { train, validation } = data;
  const options = { loss: crossEntropy, backend };
  await expect(fit(model, {} as typeof data, { ...options, epochs: 1 })).rejects.toThrow(
    "expected data { train, validation?, test? }",
  );
  await expect(fit(model, data, options)).rejects.toThrow("fit: expected either epochs or steps, got neither");
  await expect(fit(model, { train }, { ...options, epochs: 1, patience: 1 })).rejects.toThrow(
    "fit: patience needs data.validation",
  );
  await expect(fit(model, { train }, { ...options, epochs: 1, until: 0.1 })).rejects.toThrow(
    "fit: until needs data.validation",
  );
  await expect(fit(model, { train }, { ...options, epochs: 1, keep: "best" })).rejects.toThrow('keep: "best" needs');
  await expect(fit(model, { train }, { ...options, epochs: 0 })).rejects.toThrow("epochs as an integer >= 1");
  await expect(fit(model, { train }, { ...options, epochs: 1, batchSize: 3 } as never)).rejects.toThrow("size");
  await expect(
    fit(model, { train, validation }, { ...options, epochs: 1, watch: { metric: "f1" as never, better: "higher" } }),
  ).rejects.toThrow('watch has the metric "f1", expected one of loss');
  const scalars: Model<{ readonly w: Tensor }, { readonly x: Tensor }> = {
    init: () => ({ w: scalar(1) }),
    apply: ({ w }, { x }) => ({ output: mul(w, reshape(mean(x), [1])) }),
  };
  await expect(predict(scalars, { w: scalar(1) }, { x: train.x }, { backend })).rejects.toThrow("no row for each");
});

describe("a slip is an error that says what to write", () => {
  const options = { loss: crossEntropy, epochs: 1, backend };
  const { train, validation } = data;
  test.for<[string, object, object, string]>([
    ["split", { train, val: validation }, {}, "fit: the data has val, which is not a split; did you mean validation?"],
    ["split of no such name", { train, holdout: validation }, {}, "not a split; known: train, validation, test"],
    [
      "split of a data set",
      { train, val: validation, provenance: {} },
      {},
      "fit: the data has val, which is not a split",
    ],
    [
      "data by other names",
      { train: { X: train.x, y: train.y } },
      {},
      "the part x of the examples, a tensor; they have the parts X, y",
    ],
    [
      "data without names",
      { train: train.x },
      {},
      "fit: the examples are a tensor [22,4,1], expected tensors by name, such as { x }; write { x: examples }",
    ],
    [
      "labels as a list",
      { train: { x: train.x, y: [0, 1] } },
      {},
      'expected a tensor at y, got a list of numbers; make one: tensor(values, shape), or tensor(values, shape, { dtype: "i32" })',
    ],
    [
      "labels as a typed array",
      { train: { x: train.x, y: new Int32Array(22) } },
      {},
      "fit: y is a Int32Array, expected a tensor; make one: tensor(values, shape)",
    ],
    [
      "labels as floats",
      { train: { x: train.x, y: tensor(Float32Array.from(valuesOf(train.y))) } },
      {},
      'got f32 y [32]; make class indices with tensor(values, shape, { dtype: "i32" }) or convert(target, "i32")',
    ],
    [
      "lengths as floats",
      { train: { ...train, lengths: tensor(new Float32Array(22)) } },
      {},
      "batches: lengths must be i32 [22], the steps of each example, got f32 [22]; make them with tensor(values, [22]",
    ],
    ["batch", data, { batch: 500 }, "fit: unknown option batch; did you mean size?"],
    ["no loss", data, { loss: undefined }, "fit: loss is undefined, expected a function, such as crossEntropy or mse"],
    [
      "metrics as a list",
      data,
      { metrics: [accuracy] },
      "fit: metrics is [the function accuracy], expected metrics by name, such as { accuracy, auroc: auroc() }",
    ],
    [
      "a metric's name",
      data,
      { metrics: { accuracy: "accuracy" } },
      'fit: metrics.accuracy is "accuracy", expected metrics by name',
    ],
    [
      "optimizer not called",
      data,
      { optimizer: adam },
      "fit: optimizer is the function adam, expected the result of adam({ learningRate: 1e-3 }): call it",
    ],
    [
      "watch as a name",
      data,
      { metrics: { accuracy }, watch: "accuracy" },
      'fit: expected watch as { metric, better }, got "accuracy"; write { metric: "accuracy", better: "higher" }',
    ],
    ["epochs as text", data, { epochs: "8" }, 'fit: expected epochs as an integer >= 1, got "8"'],
  ])("%s", async ([, given, more, message]) => {
    await expect(fit(model, given as typeof data, { ...options, ...more })).rejects.toThrow(message);
  });

  test("examples to predict", async () => {
    await expect(predict(model, model.init(key(0)), train.x as unknown as typeof train, { backend })).rejects.toThrow(
      "predict: the examples are a tensor [22,4,1], expected tensors by name, such as { x }; write { x: examples }",
    );
  });

  test("one-hot labels that are all zeros", async () => {
    const y = tensor(
      Float32Array.from({ length: 44 }, (_, i) => (i < 20 && i % 2 === 0 ? 1 : 0)),
      [22, 2],
    );
    await expect(fit(model, { train: { x: train.x, y } }, options)).rejects.toThrow(
      "NaN first in select for crossEntropy of probabilities that are all 0",
    );
  });
});
