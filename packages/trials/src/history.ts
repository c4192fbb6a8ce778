import type { Measured } from "./evaluate-model.ts";
import type { StepTaken } from "./loop.ts";

/** Means over training steps. */
export interface TrainedMeans<M extends string = string> {
  /** Without its penalty; weighted as batches count. */
  readonly loss: number;
  readonly metrics: { readonly [name in M]: number };
  /** Mean norm of the gradient, before any transform. */
  readonly gradientNorm: number;
}

/** A point of training at which the model was evaluated. */
export interface HistoryRow<M extends string = string> {
  /** Steps made. */
  readonly step: number;
  /** Whole epochs made. */
  readonly epoch: number;
  /** Of the steps since the row before; absent before the first. */
  readonly training?: TrainedMeans<M>;
  /** Absent without validation data. */
  readonly validation?: Measured<M>;
}

/** Sums over steps, in f64 and in their order. They go into a checkpoint. */
export interface StepSums {
  readonly steps: number;
  readonly weight: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: { readonly [name: string]: number };
}

export const noSteps: StepSums = { steps: 0, weight: 0, loss: 0, gradientNorm: 0, metrics: {} };

type Step = Pick<StepTaken, "loss" | "metrics" | "gradientNorm"> & { readonly weight: number };

/** The sums with one more step. A step of weight 0 adds to the gradient norm alone. */
export function withStep(sums: StepSums, { loss, metrics, gradientNorm, weight }: Step): StepSums {
  const part = (value: number): number => (weight === 0 ? 0 : weight * value);
  return {
    steps: sums.steps + 1,
    weight: sums.weight + weight,
    loss: sums.loss + part(loss),
    gradientNorm: sums.gradientNorm + gradientNorm,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [name, (sums.metrics[name] ?? 0) + part(value)]),
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
