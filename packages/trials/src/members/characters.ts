import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tree } from "@sluice/tensor";
import { bitsPerCharacter, crossEntropy, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { Labelled } from "./classification.ts";
import type { KnownTask } from "./known-task.ts";

/** Metrics of every study of characters. The training loss is in nats. */
export const characterMetrics = {
  validationBits: {
    label: "Validation bits per character",
    unit: "bits",
    better: "lower",
    split: "validation",
    digits: 3,
  },
  bits: { label: "Held-out bits per character", unit: "bits", better: "lower", split: "test", digits: 3, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What a trial on characters trains: a `TrainingTask` with fixed loss and metrics. */
export type CharacterTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<P, E, B, "bits">;

/**
 * {@link trainingTrial} for a model that predicts the next character: its output is logits `[batch, time, characters]`,
 * and the target `y` is i32 `[batch, time]`. The metric is the mean of `-log2 p(y_t)` over all real steps of the data
 * set.
 */
export async function characterTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & Labelled = OwnParts<E, SequenceExamples & Labelled>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: CharacterTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function characterTrial<P extends Tree, E extends object, B extends Labelled = OwnParts<E, Labelled>>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: CharacterTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function characterTrial<P extends Tree, E extends object, B extends Labelled>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: CharacterTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: crossEntropy,
    metrics: { bits: bitsPerCharacter() },
    perStep: true,
    validated: ({ metrics }) => ({ validationBits: metrics.bits }),
    tested: ({ metrics }) => metrics,
  });
}
