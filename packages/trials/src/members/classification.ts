import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor, Tree } from "@sluice/tensor";
import { accuracy, crossEntropy, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import { percentRight, type KnownTask } from "./known-task.ts";

/**
 * Metrics of every classification study; accuracies in per cent. The first is known during training, so the live table
 * shows it.
 */
export const classificationMetrics = {
  validation: { label: "Validation accuracy", unit: "%", better: "higher", split: "validation", digits: 1 },
  accuracy: { label: "Held-out accuracy", unit: "%", better: "higher", split: "test", digits: 1, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What a classification trial trains: a {@link TrainingTask} with fixed loss and metrics. */
export type ClassificationTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<P, E, B, "accuracy">;

/** Examples with their class indices `y`, i32 `[examples]`, or `[examples, time]` for a class per step. */
export type Labelled = Parts & { readonly y: Tensor };

/**
 * {@link trainingTrial} for a model that outputs logits `[..., classes]`: trains with cross-entropy and reports
 * accuracies in per cent.
 */
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
