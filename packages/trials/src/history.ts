import type { Measured } from "./evaluate-model.ts";
import type { StepTaken } from "./loop.ts";

/** Means over training steps. */
export interface TrainedMeans<M extends string = string> {
  /** Mean loss without the penalty, weighted by the batches' weights. */
  readonly loss: number;
  /** The metrics that are functions. Streaming metrics are absent: they are of a whole evaluation. */
  readonly metrics: { readonly [name in M]?: number };
  /** Mean norm of the gradient, before any transform. */
  readonly gradientNorm: number;
}

/** A row of the training history, one per evaluation. */
export interface HistoryRow<M extends string = string> {
  /** Steps taken so far. */
  readonly step: number;
  /** Complete epochs so far. */
  readonly epoch: number;
  /** Means over the steps since the previous row; absent in the first row. */
  readonly training?: TrainedMeans<M>;
  /** Absent without validation data. */
  readonly validation?: Measured<M>;
}

/** Sums over steps, in f64 and in step order. They are part of a checkpoint. */
export interface StepSums {
  readonly steps: number;
  readonly weight: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: { readonly [name: string]: number };
}

export const noSteps: StepSums = { steps: 0, weight: 0, loss: 0, gradientNorm: 0, metrics: {} };

type Step = Pick<StepTaken, "loss" | "metrics" | "gradientNorm"> & { readonly weight: number };

/** The sums with one more step. A step of weight 0 adds only to the gradient norm. */
export function withStep(sums: StepSums, { loss, metrics, gradientNorm, weight }: Step): StepSums {
  const part = (value: number): number => (weight === 0 ? 0 : weight * value);
  return {
    steps: sums.steps + 1,
    weight: sums.weight + weight,
    loss: sums.loss + part(loss),
    gradientNorm: sums.gradientNorm + gradientNorm,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, value = NaN]) => [name, (sums.metrics[name] ?? 0) + part(value)]),
    ),
  };
}

export function meansOf({ steps, weight, loss, gradientNorm, metrics }: StepSums): TrainedMeans {
  return {
    loss: loss / weight,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value / weight])),
    gradientNorm: gradientNorm / steps,
  };
}
