import { dataFolder } from "@sluice/data";
import { fromRecords, paddedExamples } from "@sluice/irregular";
import { tensor, valuesOf } from "@sluice/tensor";
import type { TrialContext } from "@sluice/study";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { fit } from "./floor.ts";
import { clip, percentiles } from "./limits.ts";
import { settings } from "./settings.ts";
import { datasetOf, foldOf, type Stays } from "./stays.ts";
import { mortalityTrial } from "./trial.ts";
import mortality from "./study.ts";
import { summariesOf } from "./summaries.ts";

const folder = dataFolder();

// Each trial reads 4,000 files, because the sums are those of the whole set.
describe("the study", () => {
  const laws = studySuite(mortality, {
    // The best weights are kept: at this rate they are not those before training.
    size: { folds: 1, stays: 60, hidden: 4, batch: 10, epochs: 4, learningRate: 0.03, logEvery: 2, validateEvery: 3 },
    dataFolder: folder ?? null,
    skip: !inject("long")
      ? "it is for npm run test:long"
      : folder === undefined
        ? "SLUICE_DATA names no data folder"
        : undefined,
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

/** Stays of two variables; those who die have a rising pulse. */
const madeUp = fromRecords(
  Array.from({ length: 40 }, (_, row) =>
    Array.from({ length: 3 + (row % 4) }, (_, event) => ({
      id: `stay ${10 + row}`,
      time: event * (1 + (row % 3)),
      variable: event % 3 === 2 ? "lactate" : "pulse",
      value: 60 + ((row * 7) % 11) + (row % 4 === 0 ? 5 * event : 0),
    })),
  ).flat(),
  { time: { unit: "hours" } },
).observations;
const stays: Stays = {
  set: {
    name: "made up",
    observations: madeUp,
    y: tensor(Int32Array.from({ length: 40 }, (_, row) => (row % 4 === 0 ? 1 : 0))),
  },
  count: 40,
};

test.for(Object.entries(mortality.variants))("%s trains on stays", async ([, variant]) => {
  const rows = foldOf(stays, { index: 0, of: 4 }, 1);
  const config = { ...settings, ...variant, hidden: 3, batch: 8, epochs: 2, logEvery: 2, validateEvery: 3 };
  const data = datasetOf(stays, rows, config.imputation);
  const trial = (context: TrialContext<typeof settings>) => mortalityTrial(context, data);
  const { outcome, left } = await runInMemory({ trial }, { config });
  expect(left.diverged).toBeNull();
  for (const name of ["auroc", "auprc"]) {
    expect(outcome?.metrics?.[name]).toBeGreaterThanOrEqual(0);
    expect(outcome?.metrics?.[name]).toBeLessThanOrEqual(1);
  }
});

test("a fold has its share of deaths in each part, and no row twice", () => {
  const parts = foldOf(stays, { index: 1, of: 4 }, 1);
  const deaths = (rows: Int32Array): number => rows.filter((row) => row % 4 === 0).length;
  const rows = [parts.train, parts.validation, parts.test];
  expect(rows.map(({ length }) => length)).toEqual([24, 6, 10]);
  for (const part of rows) expect(Math.abs(deaths(part) - part.length / 4)).toBeLessThanOrEqual(1);
  expect(rows.map(deaths).reduce((a, b) => a + b)).toBe(10);
  expect(new Set([...parts.train, ...parts.validation, ...parts.test]).size).toBe(40);
});

const { observations } = fromRecords(
  [
    { id: "a", time: 0, variable: "pulse", value: 60 },
    { id: "a", time: 1, variable: "pulse", value: 80 },
    { id: "a", time: 1, variable: "lactate", value: 2 },
    { id: "b", time: 5, variable: "pulse", value: 10_000 },
  ],
  { time: { unit: "hours" } },
);

test("what lies beyond the percentiles of the training rows is moved to them; what was not measured stays so", () => {
  const limits = percentiles(observations, 0);
  expect(limits).toEqual([
    { low: 2, high: 2 },
    { low: 60, high: 10_000 },
  ]);
  const { data } = clip(observations, [
    { low: 3, high: 4 },
    { low: 70, high: 100 },
  ]).values;
  expect(Array.from(data)).toEqual([NaN, 70, 3, 80, NaN, 100]);
});

test("the floor is at the minimum of scikit-learn's loss, C sum log(1 + exp(-z)) + |w|^2 / 2", () => {
  const [x, y, C] = [[1, 0.5, -1, 2, 0.3, -2, -0.4, 1, 2, 2], [1, 0, 1, 0, 1], 0.3];
  const train = { x: tensor(x, [5, 2]), y: tensor(Int32Array.from(y)) };
  const { W, b } = fit(train, { x: tensor([0, 0], [1, 2]), y: tensor(Int32Array.of(1)) }, C);
  const [flat, bias] = [[...valuesOf(W)], [...valuesOf(b)]];
  const w = [flat[1]! - flat[0]!, flat[3]! - flat[2]!];
  const errors = y.map((label, i) => {
    const z = x[2 * i]! * w[0]! + x[2 * i + 1]! * w[1]! + bias[1]! - bias[0]!;
    return 1 / (1 + Math.exp(-z)) - label;
  });
  for (const j of [0, 1])
    expect(w[j]! + C * errors.reduce((sum, error, i) => sum + error * x[2 * i + j]!, 0)).toBeCloseTo(0, 5);
  expect(errors.reduce((sum, error) => sum + error, 0)).toBeCloseTo(0, 5);
  expect(Math.hypot(...w)).toBeGreaterThan(0.1);
});

test("summaries are mean, last, least, greatest and count of what was measured", () => {
  const stay = { ...paddedExamples(observations), y: tensor(Int32Array.of(0, 1)) };
  expect(Array.from(valuesOf(summariesOf(stay)), (value) => Math.round(1000 * value) / 1000)).toEqual(
    [2, 2, 2, 2, 0.1, 70, 80, 60, 80, 0.2].concat([0, 0, 0, 0, 0, 10_000, 10_000, 10_000, 10_000, 0.1]),
  );
});
