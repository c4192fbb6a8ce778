import { dense, gru, rnn, sequence, sequential } from "@sluice/cells";
import { weightsHash } from "@sluice/formats";
import {
  abs,
  add,
  key,
  less,
  mean,
  mul,
  neg,
  normal,
  reshape,
  scalar,
  select,
  slice,
  sub,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { batchNorm } from "@sluice/norm";
import { raggedBatch, toPadded } from "@sluice/irregular";
import { accuracy, adam, crossEntropy, loadState, mse, raggedBatches, saveState, sgd } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateModel, fit, predict, type Fitted, type Model, type Run } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

/** Sequences of 4 numbers; the class is 1 if the last number is above 0. */
function lasts(count: number, seed: number) {
  const x = normal(key(seed), [count, 4, 1]);
  const values = valuesOf(x);
  return { x, y: tensor(Int32Array.from({ length: count }, (_, row) => ((values[4 * row + 3] ?? 0) > 0 ? 1 : 0))) };
}

const data = { train: lasts(22, 1), validation: lasts(20, 2), test: lasts(30, 3) };
const model = sequential(
  [sequence(rnn({ input: 1, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })],
  { dropout: 0.2 },
);

test("a classifier learns; its best weights are those of its best evaluation", async () => {
  const trained = await fit(model, data, {
    loss: crossEntropy,
    metrics: { accuracy },
    optimizer: adam({ learningRate: 0.05 }),
    epochs: 15,
    size: 5,
    keep: "best",
    watch: { metric: "accuracy", better: "higher" },
    backend,
  });
  expect(trained.stopped).toBe("epochs");
  expect(trained.history.map(({ step, epoch }) => [step, epoch])).toEqual(
    Array.from({ length: 16 }, (_, epoch) => [5 * epoch, epoch]),
  );
  const right = trained.history.map(({ validation }) => validation?.metrics.accuracy ?? NaN);
  expect(trained.best.step).toBe(5 * right.indexOf(Math.max(...right)));
  expect(trained.params).toBe(trained.best.params);
  expect(await trained.evaluate(data.validation)).toEqual(trained.history[trained.best.step / 5]?.validation);
  expect(trained.test?.metrics.accuracy).toBeGreaterThanOrEqual(0.8);
  expect(await trained.evaluate(data.test)).toEqual(trained.test);

  const logits = valuesOf(await trained.predict(data.test));
  const hits = Array.from(valuesOf(data.test.y), (y, i) => Number(logits[2 * i + 1]! > logits[2 * i]! === (y === 1)));
  expect(hits.reduce((a, b) => a + b, 0) / 30).toBeCloseTo(trained.test?.metrics.accuracy ?? NaN, 6);
});

describe("a run that is saved at any moment goes on to the same bits", () => {
  const options = {
    loss: crossEntropy,
    metrics: { accuracy },
    optimizer: adam({ learningRate: 0.4 }),
    size: 8,
    epochs: 9,
    validateEvery: 2,
    patience: 6,
    reduceOnPlateau: { patience: 2, factor: 0.5 },
    accumulate: 2,
    keep: "best",
    seed: 5,
    backend,
  } as const;
  const endOf = async (trained: Fitted<LayerParamsOf, typeof data.train, Tensor, "accuracy">) => ({
    last: [trained.last.step, await weightsHash(trained.last.params)],
    best: [trained.best.step, await weightsHash(trained.best.params)],
    history: trained.history,
    stopped: trained.stopped,
    test: trained.test,
    checkpoint: await trained.checkpoint(),
  });
  type LayerParamsOf = ReturnType<typeof model.init>;

  test("within an epoch, before and after an evaluation, and at the end", async () => {
    const moments: Uint8Array[] = [];
    const keepMoment = async (_: unknown, run: Run<LayerParamsOf>): Promise<void> => {
      moments.push(await run.checkpoint());
    };
    const whole = await endOf(await fit(model, data, { ...options, onStep: keepMoment, onRow: keepMoment }));
    // Stopped before its end, with a best row that is neither the first nor the last, and a learning rate that fell.
    expect(whole.stopped).toBe("patience");
    expect(whole.best[0]).toBeGreaterThan(0);
    expect(whole.best[0]).toBeLessThan(Number(whole.last[0]));
    expect(moments.length).toBeGreaterThan(20);
    // Every fourth: a step, a step before an evaluation, and an evaluation take turns.
    for (const resume of [...moments.filter((_, i) => i % 4 === 0), whole.checkpoint])
      expect(await endOf(await fit(model, data, { ...options, resume }))).toEqual(whole);
  });

  test("also where it was aborted, and its result is of what it had so far", async () => {
    const whole = await endOf(await fit(model, data, options));
    for (const at of [1, 4]) {
      const stop = new AbortController();
      const onStep = ({ step }: { readonly step: number }): void => (step === at ? stop.abort() : undefined);
      const aborted = await fit(model, data, { ...options, signal: stop.signal, onStep });
      expect([aborted.stopped, aborted.last.step, aborted.test]).toEqual(["aborted", at, undefined]);
      expect(await endOf(await fit(model, data, { ...options, resume: await aborted.checkpoint() }))).toEqual(whole);
    }
  });

  test("a timer may abort it", async () => {
    const stop = new AbortController();
    const onStep = ({ step }: { readonly step: number }): void =>
      step === 1 ? void setTimeout(() => stop.abort(), 1) : undefined;
    const { epochs: _, patience: __, ...endless } = options;
    const { stopped } = await fit(model, data, { ...endless, steps: 1e7, signal: stop.signal, onStep });
    expect(stopped).toBe("aborted");
  });

  test("but not with another seed, size or model", async () => {
    const resume = await (await fit(model, data, { ...options, epochs: 1 })).checkpoint();
    await expect(fit(model, data, { ...options, resume, seed: 6 })).rejects.toThrow("a run with the seed 5");
    await expect(fit(model, data, { ...options, resume, size: 4 })).rejects.toThrow("a run with the size 8");
    const other = sequential([
      sequence(rnn({ input: 1, hidden: 4 }), { outputs: "last" }),
      dense({ input: 4, output: 2 }),
    ]);
    await expect(fit(other, data, { ...options, resume })).rejects.toThrow("safetensors");
  });
});

/** A weight that grows by 1 with each step; the validation loss at weight n is the nth number of a list. */
function scripted(losses: readonly number[]) {
  type Scripted = { readonly losses: Tensor; readonly scripted: Tensor };
  const counter: Model<{ readonly n: Tensor }, Scripted> = {
    init: () => ({ n: scalar(0) }),
    apply: ({ n }) => ({ output: n }),
  };
  const examples = (isScripted: number): { losses: ArrayTensor; scripted: ArrayTensor } => ({
    losses: tensor(losses, [1, losses.length]),
    scripted: tensor([isScripted]),
  });
  const loss = (n: Tensor, _: unknown, __: unknown, batch: Scripted): Tensor => {
    const places = reshape(tensor(losses.map((____, i) => i)), [1, losses.length]);
    const atPlace = less(abs(sub(places, n)), 0.5);
    return select(less(0.5, sum(batch.scripted)), sum(select(atPlace, batch.losses, 0)), neg(n));
  };
  return { counter, data: { train: examples(0), validation: examples(1) }, loss };
}

describe("of a hand-made sequence of validation losses", () => {
  const losses = [9, 5, 6, 4, 4, 7, 4, 3, 3, 3, 3];
  const { counter, data: numbers, loss } = scripted(losses);
  const common = { loss, optimizer: sgd({ learningRate: 1 }), epochs: 10, size: 1, backend };

  test.for([
    [1, 2, 1],
    [2, 5, 3],
    [3, 6, 3],
    [4, 10, 7],
    [99, 10, 7],
  ] as const)("patience %i stops at %i with the best at %i", async ([patience, end, best]) => {
    const trained = await fit(counter, numbers, { ...common, patience, keep: "best" });
    expect(trained.history.map(({ validation }) => validation?.loss)).toEqual(losses.slice(0, end + 1));
    expect([trained.last.step, trained.best.step]).toEqual([end, best]);
    expect(valuesOf(trained.params.n)).toEqual(Float32Array.of(best));
    expect(trained.stopped).toBe(end < 10 ? "patience" : "epochs");
  });

  test.for([
    [9, 0, "until"],
    [5, 1, "until"],
    [4.5, 3, "until"],
    [3, 7, "until"],
    [2.9, 10, "epochs"],
  ] as const)("until %f stops at %i (%s)", async ([until, end, stopped]) => {
    const trained = await fit(counter, numbers, { ...common, until });
    expect([trained.last.step, trained.stopped]).toEqual([end, stopped]);
  });

  test("until a metric is as high, if higher is better", async () => {
    const metrics = { n: (n: Tensor) => n };
    const trained = await fit(counter, numbers, {
      ...common,
      metrics,
      watch: { metric: "n", better: "higher" },
      until: 6,
    });
    expect([trained.last.step, trained.stopped]).toEqual([6, "until"]);
  });

  test("what is too small an improvement is none", async () => {
    const watch = { metric: "loss", better: "lower", least: 1.5 } as const;
    const trained = await fit(counter, numbers, { ...common, patience: 4, watch });
    expect([trained.last.step, trained.best.step]).toEqual([5, 1]);
  });

  test("the learning rate falls where there is no improvement", async () => {
    const trained = await fit(counter, numbers, {
      ...common,
      loss: (n, _, __, batch) => select(less(0.5, sum(batch.scripted)), scalar(5), neg(n)),
      epochs: 6,
      reduceOnPlateau: { patience: 2, factor: 0.5, min: 0.2 },
    });
    // Two steps of 1, two of 0.5, two of 0.25: the rows at 0, 1, 2 reduce it after step 2, and so on.
    expect(valuesOf(trained.last.params.n)).toEqual(Float32Array.of(3.5));
  });
});

/**
 * Sequences of 1 to 6 steps; the target at each step is the running sum. Beyond their ends stand numbers that must be
 * ignored.
 */
function sums(count: number, seed: number) {
  const x = normal(key(seed), [count, 6, 1]);
  const values = valuesOf(x);
  const lengths = Int32Array.from({ length: count }, (_, row) => 1 + ((row * 5) % 6));
  const y = Float32Array.from({ length: count * 6 }, (_, i) =>
    Array.from(values.subarray(i - (i % 6), i + 1)).reduce((a, b) => a + b, 0),
  );
  return { x, y: tensor(y, [count, 6, 1]), lengths: tensor(lengths) };
}

describe("sequences of unequal length", () => {
  const { train, validation } = { train: sums(17, 1), validation: sums(11, 2) };
  const perStep = sequential([sequence(gru({ input: 1, hidden: 4 })), dense({ input: 4, output: 1 })]);
  const common = { loss: mse, size: 4, backend };

  test("with a target for each step count their real steps, and only those", async () => {
    const params = perStep.init(key(3));
    const measured = await evaluateModel(perStep, params, validation, common);
    const lengths = Array.from(valuesOf(validation.lengths));
    expect(measured.weight).toBe(lengths.reduce((a, b) => a + b, 0));
    const { output } = perStep.apply(params, validation.x, { lengths });
    const [p, y] = [valuesOf(output), valuesOf(validation.y)];
    const errors = Array.from(p, (value, i) => (i % 6 < lengths[Math.floor(i / 6)]! ? (value - y[i]!) ** 2 : 0));
    expect(measured.loss).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / measured.weight, 5);
    const counted = tensor(
      Float32Array.from(p, (_, i) => i % 2),
      [11, 6],
    );
    const odd = await evaluateModel(perStep, params, { ...validation, counted }, common);
    const oddErrors = errors.filter((_, i) => i % 2 === 1);
    expect(odd.weight).toBe(oddErrors.filter((error) => error > 0).length);
    expect(odd.loss).toBeCloseTo(oddErrors.reduce((a, b) => a + b, 0) / odd.weight, 5);
  });

  test("skip the steps that a mask leaves out, in the layer and in the loss", async () => {
    const params = perStep.init(key(3));
    const even = Array.from({ length: 11 * 6 }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const mask = tensor(even, [11, 6], { dtype: "bool" });
    const { x, y } = validation;
    const half = (values: Tensor): Tensor =>
      tensor(
        Array.from(valuesOf(values)).filter((_, i) => i % 2 === 0),
        [11, 3, 1],
      );
    const masked = await evaluateModel(perStep, params, { x, y, mask }, common);
    const shorter = await evaluateModel(perStep, params, { x: half(x), y: half(y) }, common);
    expect(masked.weight).toBe(shorter.weight);
    expect(masked.loss).toBeCloseTo(shorter.loss, 6);
  });

  test("are predicted in the order of the data, however they are cut into batches", async () => {
    const trained = await fit(
      perStep,
      { train, validation },
      { ...common, epochs: 4, optimizer: adam({ learningRate: 0.05 }) },
    );
    expect(trained.last.step).toBe(20);
    expect(trained.history.at(-1)?.validation?.loss).toBeLessThan(0.9 * (trained.history[0]?.validation?.loss ?? NaN));
    const { y: _, ...inputs } = validation;
    const { output } = perStep.apply(trained.params, validation.x, { lengths: validation.lengths });
    const predicted = await trained.predict(inputs);
    expect(predicted.shape).toEqual([11, 6, 1]);
    expect(valuesOf(predicted)).toEqual(valuesOf(output));
    expect(valuesOf(await predict(perStep, trained.params, inputs, { size: 11, backend }))).toEqual(valuesOf(output));
  });

  test("may be ragged from the start", async () => {
    const ofLast = sequential([
      sequence(gru({ input: 1, hidden: 2 }), { outputs: "last" }),
      dense({ input: 2, output: 1 }),
    ]);
    const offsets = tensor(Int32Array.from([0, 3, 4, 9, 11]));
    const ragged = {
      sequences: raggedBatch({ values: tensor(valuesOf(normal(key(1), [11, 1])), [11, 1]), offsets }),
      perSequence: { y: tensor([1, 2, 3, 4], [4, 1]) },
    };
    const options = { size: 3, backend, batches: raggedBatches<typeof ragged.perSequence> };
    const params = ofLast.init(key(1));
    const trained = await fit(ofLast, { train: ragged }, { ...options, loss: mse, steps: 1, params });
    const x = toPadded(ragged.sequences);
    const { output } = ofLast.apply(trained.params, x.x, { lengths: x.lengths });
    expect(valuesOf(await trained.predict(ragged))).toEqual(valuesOf(output));
    expect(valuesOf(await predict(ofLast, trained.params, ragged, options))).toEqual(valuesOf(output));
    expect(valuesOf(await predict(ofLast, params, ragged, options))).not.toEqual(valuesOf(output));
  });
});

test("a model of one's own has any parts and outputs, and its loss gives what it likes", async () => {
  type Pair = { readonly a: Tensor; readonly b: Tensor };
  const two: Model<{ readonly w: Tensor }, Pair, { readonly sum: Tensor; readonly product: Tensor }> = {
    init: () => ({ w: tensor([0.5, 0.5]) }),
    apply: ({ w }, { a, b }) => ({
      output: { sum: add(mul(slice(w, [0], [1]), a), mul(slice(w, [1], [2]), b)), product: mul(a, b) },
    }),
  };
  const train = { a: normal(key(1), [10]), b: normal(key(2), [10]) };
  const trained = await fit(
    two,
    { train },
    {
      loss: ({ sum: total }, _, { mask }, { a, b }) => mse(total, add(mul(a, 2), mul(b, 3)), { mask }),
      metrics: { size: ({ product }) => mean(abs(product)) },
      optimizer: sgd({ learningRate: 0.3 }),
      steps: 60,
      size: 5,
      backend,
    },
  );
  expect(trained.stopped).toBe("steps");
  expect(trained.history.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => 2 * i + 2));
  expect(trained.best).toBe(trained.last);
  valuesOf(trained.params.w).forEach((w, i) => expect(w).toBeCloseTo([2, 3][i]!, 2));
  const { sum: sums_, product } = await trained.predict({ a: tensor([1, 1, 2]), b: tensor([0, 1, 2]) });
  [2, 5, 10].forEach((value, i) => expect(valuesOf(sums_)[i]).toBeCloseTo(value, 1));
  expect(valuesOf(product)).toEqual(Float32Array.of(0, 1, 4));
});

describe("a model with running statistics", () => {
  const normalized = sequential([
    sequence(gru({ input: 1, hidden: 3, norm: batchNorm({ steps: 4 }) }), { outputs: "last" }),
    dense({ input: 3, output: 2 }),
  ]);
  const options = { loss: crossEntropy, size: 8, optimizer: adam({ learningRate: 0.1 }), backend } as const;
  const whole = fit(normalized, data, { ...options, epochs: 4, keep: "best" });

  test("is evaluated and predicts with those of its weights, also from a file", async () => {
    const trained = await whole;
    const { params, buffers } = trained;
    expect(await weightsHash(buffers)).not.toBe(await weightsHash(normalized.initialBuffers()));
    const best = trained.history.find(({ step }) => step === trained.best.step);
    expect(
      await evaluateModel(normalized, params, data.validation, { loss: crossEntropy, size: 8, backend, buffers }),
    ).toEqual(best?.validation);
    const file = await saveState({ params, buffers });
    const like = { params: normalized.init(key(0)), buffers: normalized.initialBuffers() };
    const loaded = await loadState(file, like);
    const predicted = await predict(normalized, loaded.params, data.test, { buffers: loaded.buffers, backend });
    expect(valuesOf(predicted)).toEqual(valuesOf(await trained.predict(data.test)));
    expect(valuesOf(predicted)).not.toEqual(valuesOf(await predict(normalized, params, data.test, { backend })));
  });

  test("goes on to the same bits", async () => {
    const half = await fit(normalized, data, { ...options, steps: 5 });
    const resumed = await fit(normalized, data, {
      ...options,
      epochs: 4,
      keep: "best",
      resume: await half.checkpoint(),
    });
    const { params, buffers, last } = await whole;
    for (const [a, b] of [
      [resumed.params, params],
      [resumed.buffers, buffers],
      [resumed.last.buffers, last.buffers],
    ] as const)
      expect(await weightsHash(a)).toBe(await weightsHash(b));
  });
});

test("weights to start from are gone on with", async () => {
  const params = model.init(key(77));
  const { history } = await fit(model, data, { loss: crossEntropy, steps: 1, params, backend });
  expect(history[0]?.validation).toEqual(
    await evaluateModel(model, params, data.validation, { loss: crossEntropy, backend }),
  );
});
