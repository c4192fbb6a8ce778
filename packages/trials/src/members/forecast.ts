import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor, Tree } from "@sluice/tensor";
import { meanAbsoluteError, mse, rootMeanSquaredError, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import { lossOfCounted, metricOfCounted, type ElementLoss, type Scored } from "../tasks/counted-target.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { KnownTask } from "./known-task.ts";

/** Metrics of every forecasting study, in the unit of the values. */
export const forecastMetrics = {
  validationForecastMae: { label: "Validation MAE of the forecast", better: "lower", split: "validation", digits: 4 },
  forecastMae: { label: "Held-out MAE of the forecast", better: "lower", split: "test", digits: 4, curve: false },
  forecastRmse: { label: "Held-out RMSE of the forecast", better: "lower", split: "test", digits: 4, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** Examples whose target says which of its values count, as those of `forecastExamples` and `imputationExamples`. */
export type WithScored = Parts & { readonly y: Scored };

/** What a forecasting trial trains: a `TrainingTask` with fixed metrics. */
export type ForecastTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<P, E, B, "mae" | "rmse"> & {
  /** The loss of predictions and targets of one shape. Default `mse`. */
  readonly loss?: ElementLoss;
};

/**
 * {@link trainingTrial} for a model that predicts the values after those it has seen: its output has the shape of
 * `y.values`, `[batch, horizon, variables]`. Loss and metrics are over the values where `y.counts` is true; the others
 * may be NaN.
 */
export async function forecastTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & WithScored = OwnParts<E, SequenceExamples & WithScored>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: ForecastTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function forecastTrial<P extends Tree, E extends object, B extends WithScored = OwnParts<E, WithScored>>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: ForecastTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function forecastTrial<P extends Tree, E extends object, B extends WithScored>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: ForecastTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: lossOfCounted<Tensor>(task.loss ?? mse),
    metrics: { mae: metricOfCounted(meanAbsoluteError()), rmse: metricOfCounted(rootMeanSquaredError()) },
    // The steps of the output are those of the horizon: lengths of the history say nothing about them.
    perStep: false,
    validated: ({ metrics }) => ({ validationForecastMae: metrics.mae }),
    tested: ({ metrics }) => ({ forecastMae: metrics.mae, forecastRmse: metrics.rmse }),
  });
}
