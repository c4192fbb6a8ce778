import type { Layer } from "@sluice/cells";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import { mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { describe } from "@sluice/tensor/internal";
import { binaryCrossEntropy, type CountedOptions, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "../batching.ts";
import { modelOf, type Model, type SequenceExamples } from "../model.ts";
import { trainingMetrics, trainingTrial, type TrainingSettings } from "../training.ts";
import type { KnownTask } from "./known-task.ts";
import type { Measurements } from "./regression.ts";

/** Metrics of every study of piano rolls, in nats per step. */
export const polymusicMetrics = {
  validationNll: { label: "Validation NLL", unit: "nats", better: "lower", split: "validation", digits: 3 },
  nll: { label: "Held-out NLL", unit: "nats", better: "lower", split: "test", digits: 3, curve: false },
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** What a trial on piano rolls trains: a `TrainingTask` with fixed loss and metrics. */
export type PolymusicTask<P extends Tree, E, B extends Parts = OwnParts<E>> = KnownTask<P, E, B, never>;

/**
 * {@link trainingTrial} for a model that predicts the keys of the next step (Boulanger-Lewandowski et al. 2012,
 * arXiv:1206.6392): its output z and the target y, 0 or 1, are `[batch, time, keys]`. Loss and metric are the negative
 * log-likelihood in nats, a sum over the keys and a mean over all real steps of the data set:
 *
 *     mean over t of sum over k of softplus(z_tk) - y_tk z_tk
 */
export async function polymusicTrial<
  P extends Tree,
  E extends object,
  B extends SequenceExamples & Measurements = OwnParts<E, SequenceExamples & Measurements>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: PolymusicTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function polymusicTrial<
  P extends Tree,
  E extends object,
  B extends Measurements = OwnParts<E, Measurements>,
>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>>,
  task: PolymusicTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function polymusicTrial<P extends Tree, E extends object, B extends Measurements>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B>,
  task: PolymusicTask<P, E, B> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome> {
  return trainingTrial(context, modelOf(model), {
    ...task,
    loss: summedOverKeys,
    perStep: true,
    validated: ({ loss }) => ({ validationNll: loss }),
    tested: ({ loss }) => ({ nll: loss }),
  });
}

/** The mean over the steps that count of the sum over the keys. */
function summedOverKeys(logits: Tensor, target: Tensor, counted: CountedOptions): Tensor {
  const keys = logits.shape[2];
  if (logits.shape.length !== 3 || keys === undefined)
    throw new TensorError(
      `polymusicTrial: expected an output [batch, time, keys], got ${describe(logits)}; give the layer outputs: "all"`,
    );
  return mul(binaryCrossEntropy(logits, target, counted), keys);
}
