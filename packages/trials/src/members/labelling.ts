import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tree } from "@sluice/tensor";
import { accuracy, crossEntropy, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { Labelled } from "./classification.ts";
import { percentRight, type KnownTask } from "./known-task.ts";

/** Metrics of every sequence labelling study; accuracies are of real steps, in per cent. */
export const labellingMetrics = {
  stepValidation: {
    label: "Validation accuracy of steps",
    unit: "%",
    better: "higher",
    split: "validation",
    digits: 1,
  },
  stepAccuracy: {
    label: "Held-out accuracy of steps",
    unit: "%",
    better: "higher",
    split: "test",
    digits: 1,
    curve: false,
  },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What a labelling trial trains: a `TrainingTask` with fixed loss and metrics. */
export type LabellingTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<P, E, B, "accuracy">;

/**
 * {@link trainingTrial} for a model that labels every step: its output is logits `[batch, time, classes]`, and the
 * target `y` is i32 `[batch, time]`. Trains with the cross-entropy of the steps. Means are over real steps: those
 * within the `lengths`, and not excluded by `mask` or `counted`.
 */
export async function labellingTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & Labelled = OwnParts<E, SequenceExamples & Labelled>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: LabellingTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function labellingTrial<P extends Tree, E extends object, B extends Labelled = OwnParts<E, Labelled>>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: LabellingTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function labellingTrial<P extends Tree, E extends object, B extends Labelled>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: LabellingTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: crossEntropy,
    metrics: { accuracy },
    perStep: true,
    validated: (validation) => ({ stepValidation: percentRight(validation) }),
    tested: (test) => ({ stepAccuracy: percentRight(test) }),
  });
}
