import { chain, globalNorm, type GradientTransform } from "@sluice/clip";
import type { Dataset, Examples } from "@sluice/data";
import { weightsHash } from "@sluice/formats";
import type { Metric, Settings, TrialContext, TrialOutcome } from "@sluice/study";
import { key, keyFor, sum, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import {
  accuracy as accuracyOf,
  adam,
  batches,
  crossEntropy,
  evaluator,
  trainer,
  type Batches,
  type BatchesOptions,
  type Weighted,
} from "@sluice/train";
import { trialBackend } from "./backend.ts";
import type { Classifier, LogitsOptions } from "./classifier.ts";
import { divergesAs } from "./diverged.ts";
import { pace } from "./pace.ts";
import { recent } from "./recent.ts";

/** Settings of every classification study. */
export type TrainingSettings = Settings & {
  /** Examples a step. */
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
  /** Steps between two points of the curves of loss and gradient norm: each is a mean over them. */
  readonly logEvery: number;
  /** Steps between two validations; each is followed by a checkpoint. */
  readonly validateEvery: number;
};

/**
 * Metrics of every classification study; accuracies in per cent. First the one that is known while training, which is
 * what the live table shows.
 */
export const classificationMetrics = {
  validation: { label: "Validation accuracy", unit: "%", better: "higher", digits: 1 },
  accuracy: { label: "Held-out accuracy", unit: "%", better: "higher", digits: 1, curve: false },
  loss: { label: "Training loss", better: "lower", summarise: "tail mean", digits: 3 },
  gradientNorm: { label: "Gradient norm", better: "lower", summarise: "tail mean", digits: 2, log: true },
} as const satisfies { readonly [name: string]: Metric };

export interface ClassificationTask<P extends Tree, E extends Labelled> {
  readonly data: Pick<Dataset<E>, "train" | "validation" | "test">;
  readonly model: Classifier<P, NoInfer<E>>;
  /** Default: {@link batches}. */
  readonly batchesOf?: (examples: NoInfer<E>, options: BatchesOptions) => Batches<E>;
  /** Default: Adam with the settings' learning rate. */
  readonly optimizer?: GradientTransform;
  /** Looks at the weights before the first and after the last step. */
  inspect?(params: P, when: "start of training" | "end of training", backend: Backend): Promise<void>;
  /** Metrics of the weights, added to the row of every validation. */
  watch?(params: P, backend: Backend): Promise<{ readonly [metric: string]: number }>;
}

/** Examples with the number of their class, `y` i32 `[examples]`. */
export type Labelled = Examples & { readonly y: Tensor };

/**
 * Trains a classifier on the training split by cross-entropy, validates it on the way, and measures it at the end,
 * once, on the test split, with the last weights: nothing is chosen by looking at a result. Everything random comes
 * from the trial's seed, so variants see the same batches in the same order.
 *
 * A trial that was stopped goes on from its last checkpoint with the bits of one that was not.
 */
export async function classificationTrial<P extends Tree, E extends Labelled>(
  context: TrialContext<TrainingSettings>,
  {
    data,
    model,
    batchesOf = batches,
    inspect,
    watch,
    optimizer = adam({ learningRate: context.config.learningRate }),
  }: ClassificationTask<P, E>,
): Promise<TrialOutcome> {
  const { config, restored, signal } = context;
  const root = key(context.seed);
  const backend = trialBackend(context);
  const score = (params: P, batch: Weighted<E>, options: LogitsOptions) => {
    const logits = model.logits(params, batch, options);
    const mask = batch.weight;
    return {
      loss: crossEntropy(logits, batch.y, { mask }),
      metrics: { accuracy: accuracyOf(logits, batch.y, { mask }) },
      weight: sum(mask),
    };
  };
  try {
    const params = model.init(keyFor(root, "weights"));
    const train = batchesOf(data.train, { size: config.batch, key: keyFor(root, "batches") });
    const validation = batchesOf(data.validation, { size: config.batch });
    const test = batchesOf(data.test, { size: config.batch });
    const training = await trainer({
      loss: (weights: P, batch: Weighted<E>, { key: stepKey }) =>
        score(weights, batch, { training: true, key: stepKey }),
      optimizer: chain(globalNorm(config.clip), optimizer),
      params,
      key: keyFor(root, "training"),
      batch: train.at(0).batch,
      backend,
    });
    const evaluation = await evaluator({
      evaluate: (weights: P, batch: Weighted<E>) => score(weights, batch, {}),
      params,
      batch: validation.at(0).batch,
      backend,
    });

    const steps = train.stepsIn(config.epochs);
    const curve = recent(restored?.state);
    const speed = pace();
    let validated: number | undefined;

    const validate = async (): Promise<void> => {
      const weights = await training.params();
      validated = percentRight(await evaluation.run(weights, validation.epoch(0)));
      context.metric({ step: training.step, validation: validated, ...(await watch?.(weights, backend)) });
    };
    const save = async (): Promise<void> => context.checkpoint(training.step, await training.save(), curve.state());

    if (restored === null) {
      await inspect?.(params, "start of training", backend);
      await validate();
    } else {
      await training.restore(restored.bytes);
    }

    for (const { batch, examples } of train.from(training.step, steps)) {
      const { loss, gradientNorm } = await divergesAs(context, () =>
        speed.measure(examples, () => training.run(batch)),
      );
      const made = training.step;
      const last = made === steps;
      curve.add({ loss, gradientNorm });
      if (made % config.logEvery === 0 || last) context.metric({ step: made, ...curve.take() });
      if (made % config.validateEvery === 0 || last) {
        await validate();
        await save();
      }
      await context.progress({
        step: made,
        steps,
        loss,
        gradientNorm,
        examplesPerSecond: speed.examplesPerSecond(),
        ...(validated === undefined ? {} : { accuracy: validated }),
      });
      if (signal.aborted) {
        await save();
        signal.throwIfAborted();
      }
    }

    const trained = await training.params();
    await inspect?.(trained, "end of training", backend);
    const accuracy = percentRight(await evaluation.run(trained, test.epoch(0)));
    return { metrics: { accuracy }, weights: await weightsHash(trained) };
  } finally {
    await backend.close();
  }
}

/** From the number of right answers, which a mean in f32 gives but for its rounding. */
function percentRight({
  metrics,
  weight,
}: {
  readonly metrics: { readonly accuracy: number };
  readonly weight: number;
}): number {
  return (100 * Math.round(metrics.accuracy * weight)) / weight;
}
