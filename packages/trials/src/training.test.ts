import { dense, gru, sequence, sequential } from "@sluice/cells";
import { weightsHash } from "@sluice/formats";
import { identified, plan, study, type TrialContext } from "@sluice/study";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { loadState, mse } from "@sluice/train";
import { describe, expect, test } from "vitest";
import { solvedMetrics, trainingMetrics, trainingTrial, type Solved, type TrainingSettings } from "./index.ts";
import { runInMemory, type MemoryContextOptions } from "./testing/run-in-memory.ts";

const settings: TrainingSettings = {
  batch: 4,
  epochs: 20,
  learningRate: 0.2,
  clip: 1,
  logEvery: 3,
  validateEvery: 2,
};

/** Sequences of 2 to 5 steps; the target at each step is the input of the step before. */
function echoes(count: number, seed: number) {
  const x = normal(key(seed), [count, 5, 1]);
  const values = valuesOf(x);
  const y = Float32Array.from(values, (_, i) => (i % 5 === 0 ? 0 : (values[i - 1] ?? 0)));
  const lengths = Int32Array.from({ length: count }, (_, row) => 2 + (row % 4));
  return { x, y: tensor(y, [count, 5, 1]), lengths: tensor(lengths) };
}

const data = { train: echoes(16, 1), validation: echoes(8, 2), test: echoes(8, 3) };
const model = sequential([sequence(gru({ input: 1, hidden: 3 })), dense({ input: 3, output: 1 })]);

const trial = (context: TrialContext<TrainingSettings>) =>
  trainingTrial(context, model, {
    data,
    loss: mse,
    patience: 3,
    keep: "best",
    reduceOnPlateau: { patience: 2 },
    accumulate: 2,
  });

const run = (options: Partial<MemoryContextOptions<TrainingSettings>> = {}) =>
  runInMemory({ trial }, { config: settings, ...options });

describe("a training trial", () => {
  const whole = run();

  test("keeps its last and its best weights, and the hash is of those that it was tested with", async () => {
    const { outcome, left } = await whole;
    const like = model.init(key(0));
    const [last, best] = await Promise.all(
      ["last", "best"].map((name) => loadState(left.files[`${name}.safetensors`] ?? new Uint8Array(), like)),
    );
    expect(await weightsHash(best ?? {})).toBe(outcome?.weights);
    expect(await weightsHash(last ?? {})).not.toBe(outcome?.weights);
    const losses = left.rows.flatMap(({ validationLoss }) => validationLoss ?? []);
    // It ended three validations after the best one, before its last epoch.
    expect(losses.indexOf(Math.min(...losses))).toBe(losses.length - 4);
    expect(left.rows.at(-1)?.step).toBeLessThan(80);
    // The validation loss that is reported is that of the weights that are tested.
    expect(outcome?.metrics).toEqual({ validationLoss: Math.min(...losses), testLoss: expect.any(Number) });
    expect(Object.keys(trainingMetrics)).toEqual(expect.arrayContaining(["validationLoss", "testLoss"]));
  });

  // Between two validations; at one; at the one that ends it.
  test.for([1, 4, -1])("that is stopped at step %i goes on to the same bits, files and all", async (step) => {
    const end = (await whole).left.rows.at(-1)?.step ?? NaN;
    const stopped = await run({ stopAt: step < 0 ? end : step });
    expect(stopped.outcome).toBeNull();
    expect(stopped.left.files).toEqual({});
    expect(await run({ from: stopped.left })).toEqual(await whole);
  });
});

describe("a task that counts as solved", () => {
  const solving = (solved: Solved, epochs = 20) =>
    runInMemory(
      { trial: (context) => trainingTrial(context, model, { data, loss: mse, solved }) },
      { config: { ...settings, epochs } },
    );
  const whole = solving({ at: 0 });
  const lossesOf = async (run: typeof whole) =>
    (await run).left.rows.flatMap(({ step, validationLoss }) =>
      validationLoss === undefined ? [] : [{ step, validationLoss }],
    );

  test("ends training at the first validation that is as good, and says after how many steps", async () => {
    const losses = await lossesOf(whole);
    const { step, validationLoss } = losses.reduce((best, each) =>
      each.validationLoss < best.validationLoss ? each : best,
    );
    const run = solving({ at: validationLoss });
    expect((await run).outcome?.metrics).toMatchObject({ solved: 100, stepsToSolve: step });
    expect(await lossesOf(run)).toEqual(losses.filter((row) => row.step <= step));
  });

  test("can be trained on", async () => {
    const losses = await lossesOf(whole);
    const at = losses.at(3)?.validationLoss ?? NaN;
    const first = losses.find(({ validationLoss }) => validationLoss <= at)?.step;
    const run = solving({ at, stop: false });
    expect((await run).outcome?.metrics).toMatchObject({ solved: 100, stepsToSolve: first });
    expect(await lossesOf(run)).toEqual(losses);
  });

  test("has no number of steps if it was not", async () => {
    expect((await whole).outcome?.metrics).toMatchObject({ solved: 0, stepsToSolve: null });
    expect(Object.keys(solvedMetrics)).toEqual(["solved", "stepsToSolve"]);
  });
});

test("a tuning trial does not look at the test data, and is otherwise the same trial", async () => {
  const untouchable = {
    train: data.train,
    validation: data.validation,
    get test(): typeof data.test {
      throw new Error("the test data was looked at");
    },
  };
  const tuned = (context: TrialContext<TrainingSettings>) =>
    trainingTrial(context, model, { data: untouchable, loss: mse, keep: "best" });
  const usual = (context: TrialContext<TrainingSettings>) =>
    trainingTrial(context, model, { data, loss: mse, keep: "best" });
  const config = { ...settings, epochs: 2 };
  const tuning = await runInMemory({ trial: tuned }, { config, tuning: true });
  const reported = await runInMemory({ trial: usual }, { config });
  expect(tuning.outcome?.metrics).toEqual({ validationLoss: expect.any(Number) });
  expect(reported.outcome?.metrics).toEqual({ ...tuning.outcome?.metrics, testLoss: expect.any(Number) });
  expect(tuning.left.rows).toEqual(reported.left.rows);
  expect(tuning.outcome?.weights).toBe(reported.outcome?.weights);
  await expect(runInMemory({ trial: tuned }, { config })).rejects.toThrow("the test data was looked at");
});

test("validation data with a NaN makes the trial diverge, and the log names the example", async () => {
  const values = Float32Array.from(valuesOf(data.validation.x)).with(5 * 3, NaN);
  const validation = { ...data.validation, x: tensor(values, data.validation.x.shape) };
  const spoiled = (context: TrialContext<TrainingSettings>) =>
    trainingTrial(context, model, { data: { ...data, validation }, loss: mse, keep: "best" });
  const { outcome, left } = await runInMemory({ trial: spoiled }, { config: settings });
  expect(outcome).toBeNull();
  expect(left.diverged).toEqual({ step: 0, tensor: "the loss on data.validation" });
  expect(left.log[0]).toMatch(/NaN in the input x, element \[\d,0,0\]; it is example 3 of data.validation$/);
});

describe("how a trial multiplies and adds", () => {
  const short = { ...settings, epochs: 1 };

  test("is by separate instructions, unless its settings say so; then the outcome says that its bits may vary", async () => {
    const usual = await run({ config: short });
    expect(usual.outcome?.varies).toBeUndefined();
    expect(await run({ config: { ...short, multiplyAdd: "separate" } })).toEqual(usual);
    const relaxed = await run({ config: { ...short, multiplyAdd: "relaxed" } });
    expect(relaxed.outcome?.varies).toMatch(/^wasm relaxed: multiplyAdd is relaxed, so some processors/);
    expect(relaxed.outcome?.metrics?.["testLoss"]).toBeCloseTo(usual.outcome?.metrics?.["testLoss"] ?? NaN, 4);
  });

  test("is a setting that a variant cannot change unless the study has it, and part of a trial's identity", () => {
    const options = {
      ...{ name: "roundings", question: "Do roundings matter?", tasks: { echoes: {} }, seeds: 1 },
      ...{ metrics: trainingMetrics, trial: async () => {} },
    };
    expect(() => study({ ...options, settings, variants: { relaxed: { multiplyAdd: "relaxed" } } })).toThrow(
      'variants.relaxed: unknown setting "multiplyAdd"',
    );
    const both = study<TrainingSettings>({
      ...options,
      settings: { ...settings, multiplyAdd: "separate" },
      variants: { separate: {}, relaxed: { multiplyAdd: "relaxed" } },
    });
    const [separate, relaxed] = plan(both, { code: "c", data: {} });
    expect([separate?.config, relaxed?.config].map((config) => config?.["multiplyAdd"])).toEqual([
      "separate",
      "relaxed",
    ]);
    // With the same name of the variant, too.
    expect(relaxed?.id).not.toBe(identified({ ...relaxed!, config: separate!.config }).id);
  });

  test("is an error if it is no such way", async () => {
    const config = { ...short, multiplyAdd: "fused" } as unknown as TrainingSettings;
    await expect(run({ config })).rejects.toThrow('expected multiplyAdd to be "separate" or "relaxed", got "fused"');
  });
});
