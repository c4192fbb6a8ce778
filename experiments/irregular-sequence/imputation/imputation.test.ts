import { imputationExamples, raggedBatch } from "@sluice/irregular";
import { trialConfig, type Results } from "@sluice/study";
import { key, tensor, valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { claims } from "./claims.ts";
import { mRnnModel, rangeOf } from "./model.ts";
import { filledByRule } from "./rules.ts";
import imputation from "./study.ts";
import { taskOf, tasks } from "./tasks.ts";
import { hideIn, readYears, variables, type Kind } from "./weather.ts";

const [some, blocks] = [taskOf("completely at random", 0.3), taskOf("blocks", 0.5)];

describe("the study, on two of its tasks", () => {
  const laws = studySuite(
    { ...imputation, tasks: { [some]: tasks[some] ?? {}, [blocks]: tasks[blocks] ?? {} } },
    {
      size: { hidden: 3, batch: 10, epochs: 3, logEvery: 2, validateEvery: 4 },
      stopAt: [3, 4],
      diverging: { learningRate: 1e38 },
    },
  );
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

const years = await readYears(30);

test("every day of the four years but the last is in one window", () => {
  expect(years.train.offsets.data.at(-1)).toBe(730);
  expect(years.validation.offsets.data.at(-1)).toBe(365);
  expect(years.test.offsets.data.at(-1)).toBe(365);
  expect(Array.from(years.test.offsets.data.slice(0, 3))).toEqual([0, 30, 60]);
  // The training days are those by which the values were standardized, but for the last one.
  const values = Array.from(years.train.values.data).filter((_, at) => at % 4 === 1);
  expect(Math.abs(values.reduce((a, b) => a + b, 0) / 730)).toBeLessThan(0.01);
});

describe("what is hidden", () => {
  const shares = (kind: Kind) => {
    const { whole, hidden } = hideIn(years, { kind, rate: 0.3, seed: 1 }).train;
    const flags = hidden.hidden.data;
    return {
      whole: whole.values.data,
      flags,
      of: variables.map((_, variable) => flags.filter((flag, at) => at % 4 === variable && flag === 1).length / 730),
    };
  };

  test("completely at random is the same share of every variable", () => {
    // Five standard deviations of 730 days.
    for (const share of shares("completely at random").of) expect(Math.abs(share - 0.3)).toBeLessThan(0.085);
  });

  test("at random is never precipitation, and more where it rains", () => {
    const { flags, of, whole } = shares("at random");
    expect(of[0]).toBe(0);
    const windHidden = (wet: boolean): number => {
      const days = Array.from({ length: 730 }, (_, day) => day).filter((day) => (whole[4 * day] ?? 0) > 1 === wet);
      return days.filter((day) => flags[4 * day + 3] === 1).length / days.length;
    };
    expect(windHidden(true)).toBeGreaterThan(windHidden(false) + 0.3);
  });

  test("not at random is what is high", () => {
    const { flags, whole } = shares("not at random");
    const hot = (flag: number): number => {
      const values = Array.from(whole).filter((_, at) => at % 4 === 1 && flags[at] === flag);
      return values.reduce((a, b) => a + b, 0) / values.length;
    };
    expect(hot(1)).toBeGreaterThan(hot(0) + 1);
  });

  test("in blocks is at least a week", () => {
    const { flags } = shares("blocks");
    for (let variable = 0; variable < 4; variable++)
      for (let window = 0; window < 24; window++) {
        const days = Array.from({ length: 30 }, (_, day) => flags[4 * (30 * window + day) + variable]).join("");
        for (const block of days.match(/1+/g) ?? []) expect(block.length).toBeGreaterThanOrEqual(7);
      }
  });

  test("is the same for the same seed, and other for another", () => {
    const flags = (seed: number) => hideIn(years, { kind: "blocks", rate: 0.3, seed }).test.hidden.hidden.data.join("");
    expect(flags(1)).toBe(flags(1));
    expect(flags(1)).not.toBe(flags(2));
  });
});

/** Windows of three days and of two; NaN is missing. */
function windows(values: readonly number[]) {
  const mask = tensor(
    Int32Array.from(values, (value) => Number(!Number.isNaN(value))),
    [5, 4],
    { dtype: "bool" },
  );
  return raggedBatch({ values: tensor(Float32Array.from(values), [5, 4]), offsets: [0, 3, 5], mask });
}
const n = NaN;
const seen = windows([1, n, 4, 0, n, n, 5, 0, 3, n, n, 0, n, n, 6, 0, 7, n, 8, 0]);

test("rules fill in by hand", () => {
  const train = windows([0, 2, 0, 0, 2, n, 0, 0, 4, 4, 0, 0, n, n, 0, 0, n, 6, 0, 0]);
  // Two windows, padded to three days. The means are 2, 4, 0 and 0.
  const of = (rule: "mean" | "forward" | "linear") => Array.from(valuesOf(filledByRule(rule, train, seen)));
  const end = [0, 0, 0, 0];
  expect(of("mean")).toEqual([1, 4, 4, 0, 2, 4, 5, 0, 3, 4, 0, 0, 2, 4, 6, 0, 7, 4, 8, 0, ...end]);
  expect(of("forward")).toEqual([1, 4, 4, 0, 1, 4, 5, 0, 3, 4, 5, 0, 2, 4, 6, 0, 7, 4, 8, 0, ...end]);
  expect(of("linear")).toEqual([1, 4, 4, 0, 2, 4, 5, 0, 3, 4, 5, 0, 7, 4, 6, 0, 7, 4, 8, 0, ...end]);
});

test("the errors of a trial are those of plain loops over what was hidden", async () => {
  const config = trialConfig(imputation, { task: some, variant: "Mean", budget: "full" });
  const { outcome } = await runInMemory(imputation, { config, seed: 5 });
  const { train, test: held } = hideIn(years, { kind: "completely at random", rate: 0.3, seed: 5 });
  const meanOf = (variable: number): number => {
    const left = Array.from(train.whole.values.data).filter(
      (_, at) => at % 4 === variable && train.hidden.hidden.data[at] === 0,
    );
    return left.reduce((a, b) => a + b, 0) / left.length;
  };
  const means = variables.map((_, variable) => meanOf(variable));
  let [count, absolute, squared, size] = [0, 0, 0, 0];
  held.whole.values.data.forEach((value, at) => {
    if (held.hidden.hidden.data[at] === 0) return;
    const error = Math.abs(value - (means[at % 4] ?? NaN));
    count++;
    absolute += error;
    squared += error * error;
    size += Math.abs(value);
  });
  expect(outcome?.metrics?.["imputationMae"]).toBeCloseTo(absolute / count, 5);
  expect(outcome?.metrics?.["imputationRmse"]).toBeCloseTo(Math.sqrt(squared / count), 5);
  expect(outcome?.metrics?.["imputationMre"]).toBeCloseTo(absolute / size, 5);
});

test("a tuning trial has no error of the test year", async () => {
  for (const variant of ["BRITS", "Mean"]) {
    const config = { ...trialConfig(imputation, { task: some, variant, budget: "quick" }), epochs: 1, hidden: 2 };
    const { outcome } = await runInMemory(imputation, { config, tuning: true });
    expect(Object.keys(outcome?.metrics ?? {})).toEqual(["validationImputationMae"]);
  }
});

test("M-RNN's estimates are within the range that is left in training, and what was observed stays", () => {
  const { train, test: held } = hideIn(years, { kind: "not at random", rate: 0.3, seed: 2 });
  const { low, spread } = rangeOf(train.hidden.batch);
  const { model } = mRnnModel(3, train.hidden.batch);
  const examples = imputationExamples(held.whole, held.hidden);
  const imputed = valuesOf(model.apply(model.init(key(1)), examples).output.imputed);
  const [observed, x] = [valuesOf(examples.mask), valuesOf(examples.x)];
  const counts = valuesOf(examples.y.counts);
  imputed.forEach((value, at) => {
    if (observed[at] === 1) expect(value).toBeCloseTo(x[at] ?? NaN, 4);
    if (counts[at] !== 1) return;
    const [least, range] = [low.data[at % 4] ?? NaN, spread.data[at % 4] ?? NaN];
    expect(value).toBeGreaterThanOrEqual(least);
    expect(value).toBeLessThanOrEqual(least + range);
  });
});

test("the gain in blocks is compared with the gain at random, seed by seed", () => {
  const verdict = (gain: (task: string, seed: number) => number, seeds = 8) => {
    const every = Array.from({ length: seeds }, (_, seed) => seed);
    const results: Results = {
      ...{ tasks: Object.keys(tasks), variants: [], metrics: {}, trials: [], seriesNames: () => [], series: () => [] },
      of: ({ task, variant }) =>
        Array.from({ length: 8 }, (_, seed) => ({
          ...{ id: "", folder: "", task, variant, seed, status: "done" as const, metrics: {}, warnings: [] },
        })),
      values: ({ task, variant }) =>
        every.map((seed) => ({ seed, value: 1 + seed - (variant === "BRITS" ? gain(task, seed) : 0) })),
    };
    return claims.at(-1)?.test(results).verdict;
  };
  const inBlocks = (task: string): boolean => task.startsWith("in blocks");
  expect(verdict((task, seed) => (inBlocks(task) ? 0.3 + 0.01 * seed : 0.1))).toBe("reproduced");
  expect(verdict((task, seed) => (inBlocks(task) ? 0.1 : 0.3 + 0.01 * seed))).toBe("not reproduced");
  expect(verdict((task, seed) => (inBlocks(task) ? 0.1 * (seed % 2) : 0.05))).toBe("undecided");
  expect(verdict((task) => (inBlocks(task) ? 0.3 : 0.1), 7)).toBe("undecided");
});
