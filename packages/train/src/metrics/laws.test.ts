import { key, keyFor, mul, normal, oneHot, select, square, add, tensor, type Tensor, type Tree } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import * as train from "../index.ts";
import type { StreamingMetric } from "../index.ts";
import { metricSuite } from "../testing/index.ts";

const rows = 13;
const random = (name: string, shape: readonly number[]): Tensor => normal(keyFor(key(3), name), shape);
const classes = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 4));
const flags = tensor(Int32Array.from({ length: rows }, (_, i) => Number(i % 3 !== 0)));
/** Logits that know something of the targets; every fourth has one value, for ties. */
const logits = add(random("logits", [rows, 4]), mul(oneHot(classes, 4), 2));
const scores = select(
  tensor(
    Array.from({ length: rows }, (_, i) => Number(i % 4 !== 1)),
    [rows],
    { dtype: "bool" },
  ),
  random("scores", [rows]),
  0.25,
);
const values = random("values", [rows, 3]);
const gaussian = { mean: random("mean", [rows]), variance: square(random("deviation", [rows])) };

type Subject = readonly [string, StreamingMetric<unknown, object, Tree, Tree>, Tree, Tree];
const regression = [
  train.meanAbsoluteError(),
  train.rootMeanSquaredError(),
  train.meanRelativeError(),
  train.r2Score(),
];
const ofClasses = [
  train.accuracyScore(),
  train.topKAccuracy({ k: 2 }),
  train.confusionMatrix(),
  train.precision({ average: "macro", zeroDivision: 0 }),
  train.recall({ average: "weighted" }),
  train.f1({ average: "micro" }),
  train.auroc(),
  train.auprc({ average: "weighted" }),
  train.calibrationError({ bins: 5 }),
  train.reliability({ bins: 4 }),
  train.brierScore(),
  train.perplexity(),
  train.bitsPerCharacter(),
];
const ofFlags = [
  train.accuracyScore({ threshold: 0.3 }),
  train.f1(),
  train.auroc(),
  train.auprc(),
  train.calibrationError({ over: "max" }),
  train.brierScore(),
];

const subjects: Subject[] = [
  ...regression.map((metric): Subject => [metric.name, metric, random("prediction", [rows, 3]), values]),
  ...ofClasses.map((metric): Subject => [metric.name, metric, logits, classes]),
  ...ofFlags.map((metric): Subject => [`${metric.name}, yes or no`, metric, scores, flags]),
  ["gaussianCrps", train.gaussianCrps() as Subject[1], gaussian, random("y", [rows])],
  ["ensembleCrps", train.ensembleCrps(), random("members", [rows, 5]), random("y", [rows])],
  ["quantileCrps", train.quantileCrps({ quantiles: [0.2, 0.8] }), random("levels", [rows, 2]), random("y", [rows])],
];

describe.each(subjects)("%s", (_, metric, prediction, target) => {
  for (const { name, skip, run } of metricSuite(metric, { prediction, target }))
    test(name, { skip: skip !== undefined }, run);
});

describe("the suite finds", () => {
  const mean = train.meanAbsoluteError();
  const given = { prediction: random("prediction", [rows]), target: random("y", [rows]) };
  const failures = async (metric: StreamingMetric<unknown, object, Tensor, Tensor>): Promise<string[]> => {
    const failed: string[] = [];
    for (const { name, run } of metricSuite(metric, given)) {
      try {
        await run();
      } catch {
        failed.push(name);
      }
    }
    return failed;
  };

  test("nothing in a metric that is right", async () => expect(await failures(mean)).toEqual([]));

  test("a mean of the batches' values, which also takes NaN and nothing for numbers", async () => {
    const meanOfMeans: StreamingMetric<number, { sum: number; batches: number }> = {
      name: "meanOfMeans",
      better: "lower",
      init: () => ({ sum: 0, batches: 0 }),
      update: ({ sum, batches }, prediction, target, options) => {
        const value = train.evaluateMetric(mean, prediction, target, options);
        return { sum: sum + (typeof value === "number" ? value : 0), batches: batches + 1 };
      },
      value: ({ sum, batches }) => sum / batches,
    };
    expect(await failures(meanOfMeans)).toEqual([
      "any division into batches gives the same bits",
      "any order of the examples gives the same bits",
      "a metric of nothing is not defined, and says why",
      "a prediction of NaN that counts does not become a number",
    ]);
  });

  test("a state that is changed in place, and a mask that is ignored", async () => {
    const hoarding: StreamingMetric<number | string, { seen: unknown[] }> = {
      name: "hoarding",
      better: "neither",
      init: () => ({ seen: [] }),
      update(state, prediction) {
        state.seen.push(prediction);
        return state;
      },
      value: ({ seen }) => seen.length,
    };
    const failed = await failures(hoarding);
    expect(failed).toContain("an update changes neither the state nor what it is given");
    expect(failed).toContain("a metric of nothing is not defined, and says why");
  });

  test("options that are wrong", () => {
    expect(() => metricSuite(mean, { prediction: random("p", [3]), target: random("y", [3]) })).toThrow(
      "metricSuite: expected at least 6 examples, got 3",
    );
    expect(() => metricSuite(train.auroc as never, given)).toThrow("expected the result of auroc(): call it");
  });
});
