import { trialConfig, type Results, type TrialRecord } from "@sluice/study";
import { key, tensor, valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { claims } from "./claims.ts";
import { seriesModel } from "./model.ts";
import { datasetOf, lengthAt, longestOf, seriesBatches, seriesOf, type Order } from "./series.ts";
import padding from "./study.ts";
import { perStep, soFar } from "./timing.ts";

/** The settings that differ. */
const size = {
  ...{ steps: 4, train: 20, validation: 10, test: 20, hidden: 3 },
  ...{ batch: 5, epochs: 2, logEvery: 3, validateEvery: 4 },
};

describe("the study", () => {
  const laws = studySuite(padding, {
    size,
    stopAt: [3, 4, 8],
    timed: [perStep],
    diverging: { learningRate: 1e38 },
    except: {
      "variants with the same seed have different weights":
        "ways to batch the same series may give the same weights; what is promised is tested below",
    },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

const spreads = ["equal", "uniform", "skewed"] as const;

test.for(spreads)("%s: the same rows, longest first, give the same bits with lengths and without", async (spread) => {
  const weights = async (variant: string) => {
    const config = { ...trialConfig(padding, { task: "equal lengths", variant, budget: "full" }), ...size, spread };
    const { outcome, left } = await runInMemory(padding, { config });
    return [outcome?.weights, outcome?.metrics, left.rows];
  };
  expect(await weights("Longest first")).toEqual(await weights("Every step"));
});

describe("series", () => {
  test.for(spreads)("%s: lengths have the mean, up to the longest", (spread) => {
    const { x, lengths, y } = seriesOf({ spread, steps: 64, count: 200, key: key(1) });
    const own = Array.from(valuesOf(lengths));
    expect(Math.abs(own.reduce((a, b) => a + b, 0) / 200 - 64)).toBeLessThan(0.5);
    expect(Math.max(...own)).toBeLessThanOrEqual(longestOf(spread, 64));
    expect(x.shape).toEqual([200, longestOf(spread, 64), 4]);
    // The class is the sign of a sum over real steps, and beyond them are zeros.
    const values = valuesOf(x);
    own.forEach((length, row) => {
      let sum = 0;
      for (let step = 0; step < longestOf(spread, 64); step++) {
        const value = values[(row * longestOf(spread, 64) + step) * 4] ?? NaN;
        if (step < length) sum += value;
        else expect(value).toBe(0);
      }
      expect(valuesOf(y)[row]).toBe(sum > 0 ? 1 : 0);
    });
  });

  test("lengths by their share of the series", () => {
    expect([0, 0.99].map((u) => lengthAt("equal", 64, u))).toEqual([64, 64]);
    expect([0, 0.5, 0.9999].map((u) => lengthAt("uniform", 64, u))).toEqual([1, 64, 127]);
    expect([0, 0.89, 0.91].map((u) => lengthAt("skewed", 64, u))).toEqual([32, 32, 352]);
  });

  test.for<Order>(["any", "longest first", "similar lengths"])("%s: batches have every series once", (order) => {
    const { train } = datasetOf({ spread: "uniform", steps: 8, seed: 1, train: 22, validation: 1, test: 1 });
    const lengths = valuesOf(train.lengths);
    const seen: number[] = [];
    let between = 0;
    for (const { batch, order: rows } of seriesBatches(train, order, { size: 5, key: key(2) }).epoch(0)) {
      const own = Array.from(valuesOf(batch.lengths)).slice(0, rows.length);
      expect(own).toEqual(Array.from(rows, (row) => lengths[row]));
      if (order !== "any") expect(own).toEqual([...own].sort((a, b) => b - a));
      if (rows.length === 5) between += Math.max(...own) - Math.min(...own);
      seen.push(...rows);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 22 }, (_, row) => row));
    if (order === "similar lengths") expect(between / 4).toBeLessThan(6);
  });
});

test.for([true, false])("padding reaches no answer, with lengths told: %s", (told) => {
  const series = seriesOf({ spread: "uniform", steps: 4, count: 10, key: key(1) });
  const model = seriesModel({ cell: "gru", hidden: 3, lengths: told });
  const params = model.init(key(2));
  const time = series.x.shape[1] ?? 0;
  const lengths = valuesOf(series.lengths);
  const dirty = Float32Array.from(valuesOf(series.x), (value, at) =>
    Math.floor(at / 4) % time < (lengths[Math.floor(at / 4 / time)] ?? 0) ? value : 7,
  );
  const logits = (x: typeof series.x) => [...valuesOf(model.apply(params, { ...series, x }).output)];
  expect(logits(tensor(dirty, series.x.shape))).toEqual(logits(series.x));
});

test("a trial reports the time of every batch", async () => {
  const config = {
    ...trialConfig(padding, { task: "one in ten long", variant: "Any order", budget: "full" }),
    ...size,
  };
  const { left } = await runInMemory(padding, { config });
  const line = Array.from(left.series[perStep]?.lines[soFar] ?? []);
  expect(line).toHaveLength(4);
  expect(line.every((time) => time > 0 && Number.isFinite(time))).toBe(true);
  expect((await runInMemory(padding, { config, tuning: true })).left.series).toEqual({});
});

describe("the claims", () => {
  /** Times per real step by task and variant, and weights. */
  function results(timeOf: (task: string, variant: string) => number, weightsOf = (_variant: string) => "a"): Results {
    const seeds = [0, 1, 2, 3, 4];
    return {
      ...{ tasks: Object.keys(padding.tasks), variants: Object.keys(padding.variants), metrics: padding.metrics },
      ...{ trials: [], values: () => [], seriesNames: () => [] },
      of: ({ task, variant }) =>
        seeds.map((seed): TrialRecord => {
          const place = { id: "", folder: "", task, variant, seed, status: "done" as const };
          return { ...place, metrics: {}, warnings: [], weights: weightsOf(variant) };
        }),
      series: ({ task, variant }) =>
        seeds.map((seed) => {
          // The differences between seeds are other ones for every task and variant.
          const last = timeOf(task, variant) * (1 + (seed * (task.length + 3 * variant.length)) / 1e5);
          const axes = { x: { label: "", values: [1, 2] }, y: { label: "" } };
          return { seed, series: { name: perStep, title: "", ...axes, lines: { [soFar]: [99, last] } } };
        }),
    };
  }
  const verdicts = (given: Results) => claims.slice(0, 6).map((claim) => claim.test(given).verdict);
  const order: Record<string, number> = { "Every step": 4, "Any order": 3, "Longest first": 2, "Similar lengths": 1 };

  test("of times hold where they are below the bounds", () => {
    const cheap = (task: string, variant: string) => (task === "equal lengths" ? 1 : (order[variant] ?? NaN));
    expect(verdicts(results(cheap))).toEqual(new Array(6).fill("reproduced"));
    const dear = (task: string, variant: string) =>
      task === "equal lengths" ? (variant === "Longest first" ? 2 : 1) : 5 - (order[variant] ?? NaN);
    expect(verdicts(results(dear)).slice(0, 5)).toEqual(new Array(5).fill("not reproduced"));
  });

  test("of bits falls with one that differs", () => {
    const given = results(
      () => 1,
      (variant) => (variant === "Every step" ? "a" : "b"),
    );
    expect(claims[5]?.test(given).verdict).toBe("not reproduced");
  });
});
