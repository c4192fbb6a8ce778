// Small models on tasks of irregular series, each of which must do better than what needs no model.
import { dense, gru, gruD, sequence, sequential } from "@sluice/cells";
import {
  brits,
  britsLoss,
  forecastExamples,
  forwardFill,
  imputationExamples,
  missingCompletelyAtRandom,
  nextEventExamples,
  raggedBatch,
  timeSinceObserved,
  type BritsOutput,
  type RaggedBatch,
} from "@sluice/irregular";
import {
  concat,
  full,
  item,
  key,
  keyFor,
  normal,
  reshape,
  select,
  sliceAxis,
  tensor,
  uniform,
  valuesOf,
  zerosLike,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import {
  accuracy,
  adam,
  crossEntropy,
  evaluateMetric,
  mae,
  meanAbsoluteError,
  meanRelativeError,
  mse,
  rootMeanSquaredError,
} from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { fit, lossOfCounted, metricOfCounted, nextEventLoss, nextEventPrediction, type Scored } from "../index.ts";

const backend = wasm();
afterAll(() => backend.close());
const numbers = (x: Tensor): number[] => [...valuesOf(x)];

/** Waves of three variables with one phase, at irregular times: rows of 6 to 12 steps, a fifth of the values missing. */
function waves(count: number, seed: number): { readonly batch: RaggedBatch; readonly classes: ArrayTensor } {
  const root = key(seed);
  const draw = (name: string, n: number): number[] => numbers(uniform(keyFor(root, name), [n]));
  const lengths = draw("lengths", count).map((u) => 6 + Math.floor(7 * u));
  const offsets = lengths.reduce<number[]>((all, n) => [...all, (all.at(-1) ?? 0) + n], [0]);
  const steps = offsets.at(-1)!;
  const [phases, elapsed, missing] = [draw("phases", count), draw("elapsed", steps), draw("missing", 3 * steps)];
  const classes = draw("classes", count).map((u) => (u < 0.5 ? 0 : 1));
  const noise = numbers(normal(keyFor(root, "noise"), [3 * steps], { deviation: 0.05 }));
  const values = new Float32Array(3 * steps);
  lengths.forEach((n, row) => {
    let time = 0;
    for (let step = offsets[row]!; step < offsets[row]! + n; step++) {
      time += step === offsets[row] ? 0 : 0.2 + 0.6 * elapsed[step]!;
      const angle = (classes[row] === 0 ? 1 : 2) * time + 6.28 * phases[row]!;
      [Math.sin(angle), Math.cos(angle), Math.sin(angle + 0.7)].forEach((value, i) => {
        values[3 * step + i] = missing[3 * step + i]! < 0.2 ? NaN : value + noise[3 * step + i]!;
      });
    }
  });
  const firsts = new Set(offsets);
  const batch = raggedBatch({
    values: tensor(values, [steps, 3]),
    offsets,
    elapsed: tensor(
      elapsed.map((u, step) => (firsts.has(step) ? 0 : 0.2 + 0.6 * u)),
      [steps, 1],
    ),
    mask: tensor(
      Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1)),
      [steps, 3],
      { dtype: "bool" },
    ),
  });
  return { batch, classes: tensor(Int32Array.from(classes)) };
}

/** The error of predictions that need no model, where the target counts. */
const floorOf = (prediction: Tensor, { values, counts }: Scored): number =>
  evaluateMetric(meanAbsoluteError(), prediction, select(counts, values, 0), { mask: counts }) as number;

test("imputation: BRITS fills in hidden values better than means and last values do", async () => {
  const examplesOf = (count: number, seed: number) => {
    const { batch } = waves(count, seed);
    return imputationExamples(batch, missingCompletelyAtRandom(batch, { rate: 0.2, key: key(seed) }));
  };
  const [train, held] = [examplesOf(64, 1), examplesOf(32, 2)];
  const imputed = (output: BritsOutput): Tensor => output.imputed;
  const trained = await fit(
    brits({ variables: 3, hidden: 12 }),
    { train, test: held },
    {
      loss: (output, _, __, batch) => britsLoss(output, batch as never),
      metrics: {
        mae: metricOfCounted(meanAbsoluteError(), imputed),
        rmse: metricOfCounted(rootMeanSquaredError(), imputed),
        mre: metricOfCounted(meanRelativeError(), imputed),
      },
      optimizer: adam({ learningRate: 0.02 }),
      size: 16,
      epochs: 25,
      backend,
    },
  );
  const metrics = trained.test!.metrics;
  const mean = floorOf(zerosLike(held.y.values), held.y);
  const last = floorOf(forwardFill(held.x, held.mask), held.y);
  expect(metrics.mae).toBeLessThan(0.5 * Math.min(mean, last));
  // Only what was hidden is scored, and the metrics are those of all of it at once.
  const { imputed: found } = await trained.predict(held);
  expect(metrics.mae).toBeCloseTo(floorOf(found, held.y), 6);
  expect(metrics.rmse).toBeGreaterThan(metrics.mae);
  expect(metrics.mre).toBeLessThan(0.5);
}, 60_000);

test("forecasting: GRU-D predicts the next values better than the last ones do", async () => {
  const examplesOf = (count: number, seed: number) => {
    const { x, mask, elapsed, y } = forecastExamples(waves(count, seed).batch, { history: 4, horizon: 2, stride: 1 });
    return { x, mask, delta: timeSinceObserved(mask, elapsed!) as ArrayTensor, y };
  };
  const [train, held] = [examplesOf(64, 3), examplesOf(32, 4)];
  const model = sequential([
    sequence(gruD({ input: 3, hidden: 16 }), { outputs: "last" }),
    dense({ input: 16, output: 6 }),
  ]);
  const forecast = (output: Tensor): Tensor => reshape(output, [output.shape[0]!, 2, 3]);
  const trained = await fit(
    model,
    { train, test: held },
    {
      loss: lossOfCounted(mse, forecast),
      metrics: { mae: metricOfCounted(meanAbsoluteError(), forecast) },
      optimizer: adam({ learningRate: 0.02 }),
      size: 32,
      epochs: 25,
      backend,
    },
  );
  const last = sliceAxis(forwardFill(held.x, held.mask), 1, 3, 4);
  const floor = Math.min(floorOf(concat([last, last], 1), held.y), floorOf(zerosLike(held.y.values), held.y));
  expect(trained.test!.metrics.mae).toBeLessThan(0.7 * floor);
}, 60_000);

test("classification: GRU-D tells slow waves from fast ones", async () => {
  const examplesOf = (count: number, seed: number) => {
    const { batch, classes } = waves(count, seed);
    const { x, mask, elapsed, lengths } = imputationExamples(
      batch,
      missingCompletelyAtRandom(batch, { rate: 0.01, key: key(seed) }),
    );
    return { x, mask, delta: timeSinceObserved(mask, elapsed!) as ArrayTensor, lengths, y: classes };
  };
  const [train, held] = [examplesOf(96, 5), examplesOf(64, 6)];
  const model = sequential([
    sequence(gruD({ input: 3, hidden: 16 }), { outputs: "last" }),
    dense({ input: 16, output: 2 }),
  ]);
  const trained = await fit(
    model,
    { train, test: held },
    {
      loss: crossEntropy,
      metrics: { accuracy },
      optimizer: adam({ learningRate: 0.02 }),
      size: 32,
      epochs: 30,
      backend,
    },
  );
  const ones = numbers(held.y).filter((y) => y === 1).length / 64;
  expect(trained.test!.metrics.accuracy).toBeGreaterThan(Math.max(ones, 1 - ones) + 0.2);
}, 60_000);

/** Events of two kinds that alternate three times out of four; after kind 0 it takes long, after kind 1 short. */
function events(count: number, seed: number) {
  const draws = numbers(uniform(key(seed), [count * 10, 2]));
  const marks: number[] = [];
  const elapsed = draws.flatMap((_, i) => {
    if (i % 2 === 1) return [];
    const at = i / 2;
    const before = marks.at(-1) ?? 0;
    marks.push(at % 10 === 0 ? (draws[i]! < 0.5 ? 0 : 1) : draws[i]! < 0.75 ? 1 - before : before);
    return [at % 10 === 0 ? 0 : (before === 0 ? 4 : 0.5) * (0.5 + draws[i + 1]!)];
  });
  const batch = raggedBatch({
    values: tensor(marks, [count * 10, 1]),
    elapsed: tensor(elapsed, [count * 10, 1]),
    offsets: Array.from({ length: count + 1 }, (_, i) => 10 * i),
  });
  return nextEventExamples(batch, { marks: 2 });
}

test("next event: a GRU predicts mark and time better than their frequencies do", async () => {
  const [train, held] = [events(64, 7), events(32, 8)];
  const model = sequential([sequence(gru({ input: 3, hidden: 8 })), dense({ input: 8, output: 4 })]);
  const trained = await fit(
    model,
    { train, test: held },
    { loss: nextEventLoss, optimizer: adam({ learningRate: 0.03 }), size: 16, epochs: 20, backend },
  );
  // Constants: the frequencies of the marks, and the moments of the logarithms of the times.
  const times = numbers(train.y.logElapsed);
  const mean = times.reduce((a, b) => a + b, 0) / times.length;
  const variance = times.reduce((a, b) => a + (b - mean) ** 2, 0) / times.length;
  const share = numbers(train.y.marks).reduce((a, b) => a + b, 0) / times.length;
  const [rows, time] = held.y.marks.shape as [number, number];
  const constant = [Math.log(1 - share), Math.log(share), mean, Math.log(variance)].map((value) =>
    full([rows, time, 1], value),
  );
  const floor = item(nextEventLoss(concat(constant, 2), held.y, {}));
  expect(trained.test!.loss).toBeLessThan(floor - 0.5);
}, 60_000);

describe("targets of which some values count", () => {
  const values = tensor([1, NaN, 3, 4], [2, 2]);
  const counts = tensor([1, 0, 1, 1], [2, 2], { dtype: "bool" });
  const output = tensor([2, 7, 3, 0], [2, 2]);

  test("what does not count is not read, and rows have weights", () => {
    const loss = lossOfCounted(mae);
    const one = loss(output, { values, counts }, { mask: tensor([1, 1]) });
    expect([item(one.loss), item(one.weight!)]).toEqual([Math.fround(5 / 3), 3]);
    const other = loss(output, { values, counts }, { mask: tensor([1, 0]) });
    expect([item(other.loss), item(other.weight!)]).toEqual([1, 1]);
    const metric = metricOfCounted(meanAbsoluteError());
    const state = metric.update(metric.init(), output, { values, counts }, { mask: tensor([1, 0]) });
    expect(metric.value(state)).toBe(1);
    expect(metric.value(metric.update(metric.init(), output, { values, counts }))).toBeCloseTo(5 / 3, 12);
  });

  test.each<[string, () => unknown, string]>([
    [
      "a target that is not one",
      () => lossOfCounted(mae)(output, output as never, { mask: tensor([1, 1]) }),
      "lossOfCounted: the target y is a tensor",
    ],
    [
      "counts that are numbers",
      () => lossOfCounted(mae)(output, { values, counts: output }, { mask: tensor([1, 1]) }),
      "lossOfCounted: counts must be bool [2,2], like the values, got f32 [2,2]",
    ],
    [
      "several outputs",
      () => lossOfCounted(mae)({ output } as never, { values, counts }, { mask: tensor([1, 1]) }),
      "lossOfCounted: the output of the model is several tensors; say which is the prediction",
    ],
    ["no metric", () => metricOfCounted(meanAbsoluteError as never), "metricOfCounted: the metric is"],
    [
      "an output without a mean and a variance",
      () => nextEventPrediction(normal(key(1), [2, 3, 2])),
      "nextEventPrediction: expected an output [batch, time, marks + 2], got [2,3,2]",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
