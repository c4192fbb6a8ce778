// Every kind of trial: it learns, its metric is that of plain loops over the predictions of the weights that it keeps,
// and padding counts for nothing, whatever is in it.
import { dense, embedding, gru, sequence, sequential, type Layer } from "@sluice/cells";
import { brits, britsLoss, forecastExamples, imputationExamples, missingCompletelyAtRandom } from "@sluice/irregular";
import { raggedBatch, type BritsOutput, type RaggedBatch } from "@sluice/irregular";
import { weightFiles, type TrialContext, type TrialOutcome } from "@sluice/study";
import { key, keyFor, normal, reshape, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { loadState, mae } from "@sluice/train";
import { describe, expect, test } from "vitest";
import type { Model } from "../model.ts";
import { predict } from "../predict.ts";
import { runInMemory, type Left } from "../testing/run-in-memory.ts";
import type { TrainingSettings } from "../training.ts";
import { characterMetrics, characterTrial } from "./characters.ts";
import { forecastMetrics, forecastTrial } from "./forecast.ts";
import { imputationMetrics, imputationTrial } from "./imputation.ts";
import { labellingMetrics, labellingTrial } from "./labelling.ts";
import { polymusicMetrics, polymusicTrial } from "./polymusic.ts";
import { regressionMetrics, regressionTrial } from "./regression.ts";

const config: TrainingSettings = {
  batch: 16,
  epochs: 12,
  learningRate: 0.03,
  clip: 1,
  logEvery: 5,
  validateEvery: 12,
};

const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

async function run(trial: (context: TrialContext<TrainingSettings>) => Promise<TrialOutcome>, metrics: object) {
  const { outcome, left } = await runInMemory({ trial }, { config });
  const found = outcome?.metrics ?? {};
  const reported = new Set([...Object.keys(found), ...left.rows.flatMap((row) => Object.keys(row))]);
  expect([...reported].filter((name) => name !== "step").sort()).toEqual(Object.keys(metrics).sort());
  return { metrics: found, left, weights: outcome?.weights };
}

/** Predictions of the kept weights. */
async function predictions(model: Layer, left: Left, examples: Series): Promise<number[]> {
  const params = await loadState(left.files[weightFiles.last]!, model.init(key(0)));
  return numbers(await predict(model, params, examples));
}

/** The value of a name at the first and at the last validation. */
function ends(left: Left, name: string): readonly [number, number] {
  const values = left.rows.flatMap((row) => (row[name] === undefined ? [] : [row[name]]));
  return [values[0]!, values.at(-1)!];
}

type Series = { readonly x: Tensor; readonly lengths: Tensor; readonly y: Tensor };

/** Steps of the arrays, of which 2 to 6 are real, and what stands in the others. */
type Pad = { readonly steps: number; readonly fill: number };
const plain: Pad = { steps: 6, fill: 0 };

/** Padding reaches no bit, whatever is in it; more of it changes only the rounding of sums in training. */
async function expectNoPadding(trained: (pad: Pad) => ReturnType<typeof run>): Promise<void> {
  const [short, long, strange] = [
    await trained(plain),
    await trained({ ...plain, steps: 9 }),
    await trained({ steps: 9, fill: NaN }),
  ];
  expect([strange.metrics, strange.weights]).toEqual([long.metrics, long.weights]);
  for (const [name, value] of Object.entries(short.metrics)) expect(long.metrics[name]).toBeCloseTo(value!, 5);
}

const lengthsOf = (count: number): number[] => Array.from({ length: count }, (_, row) => 2 + (row % 5));

/** `[rows, steps, width]`, `of(row, step)` within the lengths and the fill beyond them. */
function stepped(count: number, { steps, fill }: Pad, of: (row: number, step: number) => readonly number[]): Tensor {
  const lengths = lengthsOf(count);
  const width = of(0, 0).length;
  const values = Array.from({ length: count * steps }, (_, at) => {
    const [row, step] = [Math.floor(at / steps), at % steps];
    return step < lengths[row]! ? of(row, step) : new Array<number>(width).fill(fill);
  });
  return tensor(Float32Array.from(values.flat()), [count, steps, width]);
}

const indices = (x: Tensor): Tensor =>
  tensor(
    Int32Array.from(valuesOf(x), (value) => (Number.isNaN(value) ? -7 : value)),
    x.shape.slice(0, 2),
  );

/** Two numbers a step. Pads and draws are independent. */
function drawn(count: number, seed: number): (row: number, step: number) => [number, number] {
  const values = numbers(normal(key(seed), [count, 6, 2]));
  return (row, step) => [values[12 * row + 2 * step]!, values[12 * row + 2 * step + 1]!];
}

type Of = (count: number, seed: number, pad: Pad) => Series;
const dataOf = (of: Of, pad: Pad) => ({ train: of(96, 1, pad), validation: of(30, 2, pad), test: of(37, 3, pad) });

/** The real steps of the test data: their places in predictions and targets of one value a step. */
const realSteps = (steps: number): number[] =>
  lengthsOf(37).flatMap((n, row) => Array.from({ length: n }, (_, step) => row * steps + step));

const stepwise = (input: number, output: number): Layer =>
  sequential([sequence(gru({ input, hidden: 6 })), dense({ input: 6, output })]);

describe("labelling", () => {
  const of: Of = (count, seed, pad) => {
    const x = drawn(count, seed);
    return {
      x: stepped(count, pad, x),
      lengths: tensor(Int32Array.from(lengthsOf(count))),
      y: indices(stepped(count, pad, (row, step) => [Number(x(row, step)[0] > 0)])),
    };
  };
  const model = stepwise(2, 2);
  const trained = (pad: Pad) =>
    run((context) => labellingTrial(context, model, { data: dataOf(of, pad) }), labellingMetrics);

  test("learns; its accuracy is that of the real steps, and padding counts for nothing", async () => {
    const { metrics, left } = await trained(plain);
    const { test: examples } = dataOf(of, plain);
    const logits = await predictions(model, left, examples);
    const y = numbers(examples.y);
    const isRight = (at: number): number => Number(Number(logits[2 * at + 1]! > logits[2 * at]!) === y[at]);
    expect(metrics["stepAccuracy"]).toBeCloseTo(100 * mean(realSteps(6).map(isRight)), 10);
    expect(metrics["stepAccuracy"]).toBeGreaterThan(85);
    await expectNoPadding(trained);
  });
});

describe("regression", () => {
  const of: Of = (count, seed, pad) => {
    const x = drawn(count, seed);
    return {
      x: stepped(count, pad, x),
      lengths: tensor(Int32Array.from(lengthsOf(count))),
      y: stepped(count, pad, (row, step) => [0.5 * x(row, step)[0] - 0.3 * x(row, step)[1]]),
    };
  };
  const model = stepwise(2, 1);
  const trained = (pad: Pad, options = {}) =>
    run((context) => regressionTrial(context, model, { data: dataOf(of, pad), ...options }), regressionMetrics);

  test("learns; RMSE, MAE and R² are those of the real steps, and padding counts for nothing", async () => {
    const { metrics, left } = await trained(plain);
    const { test: examples } = dataOf(of, plain);
    const [p, y] = [await predictions(model, left, examples), numbers(examples.y)];
    const errors = realSteps(6).map((at) => p[at]! - y[at]!);
    const targets = realSteps(6).map((at) => y[at]!);
    const squares = mean(errors.map((error) => error * error));
    const center = mean(targets);
    expect(metrics["rmse"]).toBeCloseTo(Math.sqrt(squares), 10);
    expect(metrics["mae"]).toBeCloseTo(mean(errors.map(Math.abs)), 10);
    expect(metrics["r2"]).toBeCloseTo(1 - squares / mean(targets.map((value) => (value - center) ** 2)), 10);
    expect(metrics["r2"]).toBeGreaterThan(0.8);
    await expectNoPadding(trained);
  });

  test("takes another loss", async () => {
    expect((await trained(plain, { loss: mae })).weights).not.toBe((await trained(plain)).weights);
  });
});

describe("piano rolls", () => {
  const keys = 4;
  /** A scale that goes up or down, key by key; the next step follows from the last two. */
  const of: Of = (count, seed, pad) => {
    const starts = numbers(uniform(key(seed), [count])).map((u) => Math.floor(8 * u));
    const roll = (row: number, step: number): number[] => {
      const [start, up] = [starts[row]! % keys, starts[row]! < keys];
      const at = (start + (up ? step : 3 * step)) % keys;
      return Array.from({ length: keys }, (_, k) => Number(k === at || k === (at + 1) % keys));
    };
    return {
      x: stepped(count, pad, roll),
      lengths: tensor(Int32Array.from(lengthsOf(count))),
      y: stepped(count, pad, (row, step) => roll(row, step + 1)),
    };
  };
  const model = stepwise(keys, keys);
  const trained = (pad: Pad) =>
    run((context) => polymusicTrial(context, model, { data: dataOf(of, pad) }), polymusicMetrics);

  test("learn; the NLL is a sum over keys and a mean over real steps, and padding counts for nothing", async () => {
    const { metrics, left } = await trained(plain);
    const { test: examples } = dataOf(of, plain);
    const [z, y] = [await predictions(model, left, examples), numbers(examples.y)];
    const ofKey = (at: number): number => Math.log1p(Math.exp(z[at]!)) - y[at]! * z[at]!;
    const ofStep = (at: number): number =>
      Array.from({ length: keys }, (_, k) => ofKey(keys * at + k)).reduce((a, b) => a + b);
    expect(metrics["nll"]).toBeCloseTo(mean(realSteps(6).map(ofStep)), 5);
    // Four keys that may be on or off have 4 log 2 = 2.77 nats.
    expect(metrics["nll"]).toBeLessThan(2);
    await expectNoPadding(trained);
  });

  test("need an output for each step", async () => {
    const last = sequential([
      sequence(gru({ input: keys, hidden: 2 }), { outputs: "last" }),
      dense({ input: 2, output: 4 }),
    ]);
    await expect(
      run((context) => polymusicTrial(context, last, { data: dataOf(of, plain) }), polymusicMetrics),
    ).rejects.toThrow(
      'polymusicTrial: expected an output [batch, time, keys], got [16,4]; give the layer outputs: "all"',
    );
  });
});

describe("characters", () => {
  /** Each character is the one before plus 1 or 2, of five. */
  const of: Of = (count, seed, pad) => {
    const draws = numbers(uniform(key(seed), [count, 8]));
    const at = (row: number, step: number): number =>
      draws.slice(8 * row, 8 * row + step + 1).reduce((sum, u) => sum + (u < 0.5 ? 1 : 2), 0) % 5;
    return {
      x: indices(stepped(count, { ...pad, fill: 0 }, (row, step) => [at(row, step)])),
      lengths: tensor(Int32Array.from(lengthsOf(count))),
      y: indices(stepped(count, pad, (row, step) => [at(row, step + 1)])),
    };
  };
  const model = sequential([
    embedding({ tokens: 5, features: 4 }),
    sequence(gru({ input: 4, hidden: 6 })),
    dense({ input: 6, output: 5 }),
  ]);
  const trained = (pad: Pad) =>
    run((context) => characterTrial(context, model, { data: dataOf(of, pad) }), characterMetrics);

  test("learn; the bits are those of the real characters, and padding counts for nothing", async () => {
    const { metrics, left } = await trained(plain);
    const { test: examples } = dataOf(of, plain);
    const [z, y] = [await predictions(model, left, examples), numbers(examples.y)];
    const bitsOf = (at: number): number => {
      const logits = z.slice(5 * at, 5 * at + 5);
      return Math.log2(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[y[at]!]! / Math.LN2;
    };
    expect(metrics["bits"]).toBeCloseTo(mean(realSteps(6).map(bitsOf)), 10);
    // One of two follows each character: 1 bit; one of five would be 2.32.
    expect(metrics["bits"]).toBeGreaterThan(0.9);
    expect(metrics["bits"]).toBeLessThan(1.4);
    await expectNoPadding(trained);
  });
});

/** Rows of 7 to 11 steps of a wave and its shifted copy; a tenth of the values is missing. */
function waves(count: number, seed: number): RaggedBatch {
  const lengths = Array.from({ length: count }, (_, row) => 7 + (row % 5));
  const offsets = lengths.reduce<number[]>((all, n) => [...all, all.at(-1)! + n], [0]);
  const steps = offsets.at(-1)!;
  const phases = numbers(uniform(keyFor(key(seed), "phases"), [count]));
  const missing = numbers(uniform(keyFor(key(seed), "missing"), [2 * steps]));
  const values = lengths.flatMap((n, row) =>
    Array.from({ length: n }, (_, step) => [0, 1].map((i) => Math.sin(0.8 * step + 6.28 * phases[row]! + i))).flat(),
  );
  const isSeen = missing.map((u) => Number(u > 0.1));
  return raggedBatch({
    values: tensor(
      Float32Array.from(values, (value, at) => (isSeen[at] === 1 ? value : NaN)),
      [steps, 2],
    ),
    mask: tensor(isSeen, [steps, 2], { dtype: "bool" }),
    elapsed: tensor(
      Array.from({ length: steps }, (_, step) => Number(!offsets.includes(step))),
      [steps, 1],
    ),
    offsets,
  });
}

/** The errors where a target counts. */
function errorsOf(prediction: Tensor, y: { readonly values: Tensor; readonly counts: Tensor }) {
  const [p, values] = [numbers(prediction), numbers(y.values)];
  const places = numbers(y.counts).flatMap((counts, at) => (counts === 1 ? [at] : []));
  return { errors: places.map((at) => Math.abs(p[at]! - values[at]!)), targets: places.map((at) => values[at]!) };
}

test("forecasts learn; the errors are those of the values that were observed", async () => {
  const of = (count: number, seed: number) => {
    const { x, mask, y } = forecastExamples(waves(count, seed), { history: 5, horizon: 2 });
    return { x: zeroed(x), mask, y };
  };
  const data = { train: of(150, 1), validation: of(30, 2), test: of(40, 3) };
  const flat = sequential([
    sequence(gru({ input: 2, hidden: 8 }), { outputs: "last" }),
    dense({ input: 8, output: 4 }),
  ]);
  const model: Model<ReturnType<typeof flat.init>, { x: Tensor }> = {
    init: (from) => flat.init(from),
    apply: (params, { x }) => {
      const { output } = flat.apply(params, x);
      return { output: reshape(output, [x.shape[0] ?? 0, 2, 2]) };
    },
  };
  const { metrics, left } = await run((context) => forecastTrial(context, model, { data }), forecastMetrics);
  const params = await loadState(left.files[weightFiles.last]!, flat.init(key(0)));
  const { errors } = errorsOf(await predict(model, params, data.test), data.test.y);
  expect(numbers(data.test.y.values).some(Number.isNaN)).toBe(true);
  expect(metrics["forecastMae"]).toBeCloseTo(mean(errors), 10);
  expect(metrics["forecastRmse"]).toBeCloseTo(Math.sqrt(mean(errors.map((e) => e * e))), 10);
  const [before, after] = ends(left, "validationForecastMae");
  expect(after).toBeLessThan(0.6 * before);
});

test("imputation learns; the errors are those of what was hidden", async () => {
  const of = (count: number, seed: number) => {
    const batch = waves(count, seed);
    return imputationExamples(batch, missingCompletelyAtRandom(batch, { rate: 0.2, key: key(seed) }));
  };
  const data = { train: of(80, 1), validation: of(20, 2), test: of(30, 3) };
  const model = brits({ variables: 2, hidden: 6 });
  const { metrics, left } = await run(
    (context) =>
      imputationTrial(context, model, {
        data,
        predictionOf: ({ imputed }: BritsOutput) => imputed,
        loss: (output, _y, _counted, batch) => britsLoss(output, batch),
      }),
    imputationMetrics,
  );
  const params = await loadState(left.files[weightFiles.last]!, model.init(key(0)));
  const { imputed } = await predict(model, params, data.test);
  const { errors, targets } = errorsOf(imputed, data.test.y);
  expect(errors.length).toBeGreaterThan(50);
  expect(metrics["imputationMae"]).toBeCloseTo(mean(errors), 10);
  expect(metrics["imputationRmse"]).toBeCloseTo(Math.sqrt(mean(errors.map((e) => e * e))), 10);
  expect(metrics["imputationMre"]).toBeCloseTo(mean(errors) / mean(targets.map(Math.abs)), 10);
  const [before, after] = ends(left, "validationImputationMae");
  expect(after).toBeLessThan(0.7 * before);
});

const zeroed = (x: Tensor): Tensor =>
  tensor(
    Float32Array.from(valuesOf(x), (value) => (Number.isNaN(value) ? 0 : value)),
    x.shape,
  );
