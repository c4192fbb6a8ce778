import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor, Tree } from "@sluice/tensor";
import { accuracy, crossEntropy, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "./batching.ts";
import type { Measured } from "./evaluate-model.ts";
import { modelOf, type Model, type SequenceExamples } from "./model.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings, type TrainingTask } from "./training.ts";

/**
 * Metrics of every classification study; accuracies in per cent. First the one that is known while training, which is
 * what the live table shows.
 */
export const classificationMetrics = {
  validation: { label: "Validation accuracy", unit: "%", better: "higher", digits: 1 },
  accuracy: { label: "Held-out accuracy", unit: "%", better: "higher", digits: 1, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What is the same in every classification. */
type Given = "loss" | "metrics" | "validated" | "tested" | "perStep";

/** What a classification trial trains: a {@link TrainingTask} whose loss and metrics are known. */
export type ClassificationTask<P extends Tree, E, B extends Parts = OwnParts<E>> = Omit<
  TrainingTask<P, E, B, Tensor, "accuracy">,
  Given
>;

/** Examples with the number of their class, `y` i32 `[examples]`, or `[examples, time]` for one of each step. */
export type Labelled = Parts & { readonly y: Tensor };

/** {@link trainingTrial} of a model that gives logits `[..., classes]`, by cross-entropy and with accuracies in per cent. */
export async function classificationTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & Labelled = OwnParts<E, SequenceExamples & Labelled>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: ClassificationTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function classificationTrial<P extends Tree, E extends object, B extends Labelled = OwnParts<E, Labelled>>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: ClassificationTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function classificationTrial<P extends Tree, E extends object, B extends Labelled>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: ClassificationTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: crossEntropy,
    metrics: { accuracy },
    validated: (validation) => ({ validation: percentRight(validation) }),
    tested: (test) => ({ accuracy: percentRight(test) }),
  });
}

/** From the number of right answers, which a mean in f32 gives but for its rounding. */
function percentRight({ metrics, weight }: Measured<"accuracy">): number {
  return (100 * Math.round(metrics.accuracy * weight)) / weight;
}
