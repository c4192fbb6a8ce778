import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor, Tree } from "@sluice/tensor";
import { meanAbsoluteError, mse, r2Score, rootMeanSquaredError, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import type { ElementLoss } from "../tasks/counted-target.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { KnownTask } from "./known-task.ts";

/** Metrics of every regression study, in the unit of the target. */
export const regressionMetrics = {
  validationRmse: { label: "Validation RMSE", better: "lower", split: "validation", digits: 4 },
  rmse: { label: "Held-out RMSE", better: "lower", split: "test", digits: 4, curve: false },
  mae: { label: "Held-out MAE", better: "lower", split: "test", digits: 4, curve: false },
  r2: { label: "Held-out R²", better: "higher", split: "test", digits: 3, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** Examples with their numbers `y`: f32 `[examples, outputs]`, or `[examples, time, outputs]` for each step. */
export type Measurements = Parts & { readonly y: Tensor };

/** What a regression trial trains: a `TrainingTask` with fixed metrics. */
export type RegressionTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<
  P,
  E,
  B,
  "rmse" | "mae" | "r2"
> & {
  /** The loss of predictions and targets of one shape. Default `mse`. */
  readonly loss?: ElementLoss;
};

/**
 * {@link trainingTrial} for a model whose output has the shape of the target `y`: `[batch, outputs]`, or
 * `[batch, time, outputs]`. RMSE, MAE and R² are over all numbers of the data set that count; steps beyond the
 * `lengths` do not.
 */
export async function regressionTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & Measurements = OwnParts<E, SequenceExamples & Measurements>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: RegressionTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function regressionTrial<
  P extends Tree,
  E extends object,
  B extends Measurements = OwnParts<E, Measurements>,
>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: RegressionTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function regressionTrial<P extends Tree, E extends object, B extends Measurements>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: RegressionTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: task.loss ?? mse,
    metrics: { rmse: rootMeanSquaredError(), mae: meanAbsoluteError(), r2: r2Score() },
    validated: ({ metrics }) => ({ validationRmse: metrics.rmse }),
    tested: ({ metrics }) => metrics,
  });
}
