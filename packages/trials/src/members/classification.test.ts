import { dense, rnn, sequence, sequential } from "@sluice/cells";
import { inProcess, memoryStore, planRun, runStudy, study, type TrialContext } from "@sluice/study";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { classificationMetrics, classificationTrial } from "./classification.ts";
import { firstRows } from "../examples.ts";
import { gradientFlowOf, horizonMetric } from "../gradient-flow.ts";
import { recent } from "../recent.ts";
import type { TrainingSettings } from "../training.ts";
import { runInMemory, type MemoryContextOptions } from "../testing/run-in-memory.ts";

const settings: TrainingSettings = {
  batch: 10,
  epochs: 3,
  learningRate: 0.05,
  clip: 1,
  logEvery: 3,
  validateEvery: 5,
};

/** Sequences of 4 numbers; the class is 1 if the last number is above 0. */
function lasts(count: number, seed: number) {
  const x = normal(key(seed), [count, 4, 1]);
  const values = valuesOf(x);
  return { x, y: tensor(Int32Array.from({ length: count }, (_, row) => ((values[4 * row + 3] ?? 0) > 0 ? 1 : 0))) };
}

const data = { train: lasts(40, 1), validation: lasts(20, 2), test: lasts(30, 3) };
const model = sequential([sequence(rnn({ input: 1, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })]);

const trial = (context: TrialContext<TrainingSettings>) =>
  classificationTrial(context, model, {
    data,
    ...gradientFlowOf(context, { model, ...firstRows(data.validation, 5) }),
  });

const run = (options: Partial<MemoryContextOptions<TrainingSettings>> = {}) =>
  runInMemory({ trial }, { config: settings, ...options });

describe("a classification trial", () => {
  const whole = run();

  test("learns, with a row at every point of its curves and one figure of the test part", async () => {
    const { outcome, left } = await run({ config: { ...settings, epochs: 20 } });
    expect(outcome?.metrics?.["accuracy"]).toBeGreaterThan(85);
    expect(outcome?.weights).toMatch(/^[0-9a-f]{64}$/);
    expect(left.rows.some((row) => "accuracy" in row)).toBe(false);
    const steps = (name: string, rows = left.rows): number[] =>
      rows.filter((row) => name in row).map(({ step }) => step);
    const { rows } = (await whole).left;
    expect(steps("loss", rows)).toEqual([3, 6, 9, 12]);
    expect(steps("validation", rows)).toEqual([0, 5, 10, 12]);
    expect(steps("horizon", rows)).toEqual([0, 5, 10, 12]);
    expect(Object.keys(left.series["gradient-flow-1-0-h"]?.lines ?? {})).toEqual([
      "start of training",
      "end of training",
    ]);
  });

  // Between two points of the loss curve; at a validation; after the last step.
  test.for([4, 5, 12])("that is stopped at step %i goes on to the same bits", async (stopAt) => {
    const stopped = await run({ stopAt });
    expect(stopped.outcome).toBeNull();
    expect(stopped.left.checkpoint?.step).toBe(stopAt);
    expect(await run({ from: stopped.left })).toEqual(await whole);
  });

  test("has the same bits with two threads", async () => {
    expect(await run({ threads: 2 })).toEqual(await whole);
  });

  test("that diverges says at which step and where", async () => {
    const { outcome, left } = await run({ config: { ...settings, learningRate: 1e38 } });
    expect(outcome).toBeNull();
    expect(left.diverged?.step).toBeGreaterThan(0);
    expect(left.diverged?.tensor).not.toBe("");
    expect(left.log[0]).toContain(`training diverged at step ${left.diverged?.step}`);
  });

  test("is the trial of a study", async () => {
    const small = study({
      name: "lasts",
      question: "Is the last one seen?",
      settings,
      tasks: { last: {} },
      variants: { slow: { learningRate: 1e-3 }, fast: {} },
      seeds: 1,
      metrics: { ...classificationMetrics, horizon: horizonMetric },
      trial,
    });
    const { records } = await runStudy(await planRun(small, { store: memoryStore(), executor: inProcess() }));
    expect(records.map(({ status, warnings }) => ({ status, warnings }))).toEqual(
      Array(2).fill({ status: "done", warnings: [] }),
    );
  });
});

test("the first rows are all rows where there are fewer", () => {
  expect(firstRows(data.validation, 3).x.shape).toEqual([3, 4, 1]);
  expect(firstRows(data.validation, 300).y.shape).toEqual([20]);
});

test("the steps of a point of a curve go through a checkpoint; what is no step is left out", () => {
  const curve = recent();
  curve.add({ loss: 1, gradientNorm: 2 });
  const resumed = recent(curve.state());
  for (const each of [curve, resumed]) each.add({ loss: 3, gradientNorm: 4 });
  expect(resumed.take()).toEqual(curve.take());
  expect(recent([{ loss: "1" }, 3, null]).state()).toEqual([]);
});
