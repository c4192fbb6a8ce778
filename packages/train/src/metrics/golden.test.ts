// Values of scikit-learn, torchmetrics and scoringrules, whole and in batches.
import { readFileSync } from "node:fs";
import { isTensor, slice, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import * as train from "../index.ts";
import type { ReliabilityBin, StreamingMetric } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly metric: keyof typeof metrics;
  readonly from: string;
  readonly options: object;
  readonly prediction: Golden | { readonly mean: Golden; readonly variance: Golden };
  readonly target: Golden;
  readonly weights?: Golden;
  readonly value: Golden;
}

const metrics = {
  accuracyScore: train.accuracyScore,
  topKAccuracy: train.topKAccuracy,
  confusionMatrix: train.confusionMatrix,
  precision: train.precision,
  recall: train.recall,
  f1: train.f1,
  auroc: train.auroc,
  auprc: train.auprc,
  calibrationError: train.calibrationError,
  reliability: train.reliability,
  brierScore: train.brierScore,
  perplexity: train.perplexity,
  bitsPerCharacter: train.bitsPerCharacter,
  meanAbsoluteError: train.meanAbsoluteError,
  rootMeanSquaredError: train.rootMeanSquaredError,
  meanRelativeError: train.meanRelativeError,
  r2Score: train.r2Score,
  gaussianCrps: train.gaussianCrps,
  ensembleCrps: train.ensembleCrps,
  quantileCrps: train.quantileCrps,
};

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/metrics.json", import.meta.url), "utf8"),
);

const float = ({ data, shape }: Golden): Tensor => tensor(data, shape);
const ofRegression = ["meanAbsoluteError", "rootMeanSquaredError", "meanRelativeError", "r2Score"];
const isFloat = ({ metric }: Case): boolean => ofRegression.includes(metric) || metric.endsWith("Crps");

/** The numbers of a value, in the order of the fixture. */
function numbersOf(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (isTensor(value)) return [...valuesOf(value)];
  const bins = value as ReliabilityBin[];
  return bins.flatMap(({ confidence, accuracy }) => [confidence, accuracy]);
}

function valueOf(c: Case, metric: StreamingMetric<unknown, object, Tree, Tensor>, size: number): number[] {
  const { prediction, target, weights } = c;
  const p =
    "mean" in prediction ? { mean: float(prediction.mean), variance: float(prediction.variance) } : float(prediction);
  const y = tensor(target.data, target.shape, { dtype: isFloat(c) ? "f32" : "i32" });
  const rows = target.shape[0]!;
  let state = metric.init();
  for (let from = 0; from < rows; from += size) {
    const part = (x: Tensor): Tensor =>
      slice(x, [from, ...x.shape.slice(1).map(() => 0)], [Math.min(from + size, rows), ...x.shape.slice(1)]);
    const own = isTensor(p) ? part(p) : { mean: part(p.mean), variance: part(p.variance) };
    state = metric.update(state, own, part(y), weights && { mask: part(float(weights)) });
  }
  return numbersOf(metric.value(state));
}

test("the fixtures have every metric", () => {
  expect(new Set(cases.map(({ metric }) => metric))).toEqual(new Set(Object.keys(metrics)));
});

describe.each(Object.keys(metrics))("%s", (metric) => {
  test.each(cases.filter((c) => c.metric === metric))("$name: $from", (c) => {
    const make = metrics[c.metric] as (options?: object) => StreamingMetric<unknown, object, Tree, Tensor>;
    const whole = valueOf(c, make(c.options), 1000);
    const scale = Math.max(1, ...c.value.data.map(Math.abs));
    expect(whole.length).toBe(c.value.data.length);
    c.value.data.forEach((expected, i) =>
      expect(Math.abs(whole[i]! - expected)).toBeLessThanOrEqual(toleranceOf(c) * scale),
    );
    for (const size of [1, 7]) expect(valueOf(c, make(c.options), size)).toEqual(whole);
  });
});

/** Torchmetrics computes some metrics in f32, even of f64 arrays. */
const toleranceOf = ({ from }: Case): number => (from.startsWith("torchmetrics") ? 2e-6 : 1e-13);
