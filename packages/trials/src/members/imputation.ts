import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor, Tree } from "@sluice/tensor";
import { mae, meanAbsoluteError, meanRelativeError, rootMeanSquaredError } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import type { Model } from "../model.ts";
import type { LossFunction } from "../objective.ts";
import { lossOfCounted, metricOfCounted } from "../tasks/counted-target.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { WithScored } from "./forecast.ts";
import type { KnownTask } from "./known-task.ts";

/** Metrics of every imputation study, over the values that were hidden; errors in the unit of the values. */
export const imputationMetrics = {
  validationImputationMae: {
    label: "Validation MAE of hidden values",
    better: "lower",
    split: "validation",
    digits: 4,
  },
  imputationMae: { label: "Held-out MAE of hidden values", better: "lower", split: "test", digits: 4, curve: false },
  imputationRmse: { label: "Held-out RMSE of hidden values", better: "lower", split: "test", digits: 4, curve: false },
  imputationMre: { label: "Held-out MRE of hidden values", better: "lower", split: "test", digits: 4, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What an imputation trial trains: a `TrainingTask` with fixed metrics. */
export type ImputationTask<P extends Tree, E, B extends WithScored, O extends Tree> = KnownTask<
  P,
  E,
  B,
  "mae" | "rmse" | "mre",
  O
> & {
  /** Which part of the output has the filled-in values, of the shape of `y.values`. */
  readonly predictionOf: (output: O) => Tensor;
  /** The loss of the model, such as one of `britsLoss`. Default: the mean absolute error of the hidden values. */
  readonly loss?: LossFunction<O, B>;
};

/**
 * {@link trainingTrial} for a model that fills in values, on the examples of `imputationExamples`. The metrics are over
 * the values that were hidden on purpose, where `y.counts` is true: neither padding nor values that are missing in the
 * data themselves count.
 */
export async function imputationTrial<
  P extends Tree,
  E extends object,
  O extends Tree,
  B extends WithScored = OwnParts<E, WithScored>,
>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>, O>,
  task: ImputationTask<P, E, B, O> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function imputationTrial(
  context: TrialContext<TrainingSettings>,
  model: Model<Tree, WithScored, Tree>,
  task: ImputationTask<Tree, WithScored, WithScored, Tree>,
): Promise<TrialOutcome> {
  const { predictionOf, loss = lossOfCounted(mae, predictionOf), ...rest } = task;
  return trainingTrial(context, model, {
    ...rest,
    loss,
    metrics: {
      mae: metricOfCounted(meanAbsoluteError(), predictionOf),
      rmse: metricOfCounted(rootMeanSquaredError(), predictionOf),
      mre: metricOfCounted(meanRelativeError(), predictionOf),
    },
    validated: ({ metrics }) => ({ validationImputationMae: metrics.mae }),
    tested: ({ metrics }) => ({
      imputationMae: metrics.mae,
      imputationRmse: metrics.rmse,
      imputationMre: metrics.mre,
    }),
  });
}
