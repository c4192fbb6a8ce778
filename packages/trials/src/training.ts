import type { Layer } from "@sluice/cells";
import { chain, globalNorm, type GradientTransform } from "@sluice/clip";
import { weightsHash } from "@sluice/formats";
import { weightFiles, type Metric, type TrialContext, type TrialOutcome } from "@sluice/study";
import { key, keyFor, leavesOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { adam, saveState, type Parts } from "@sluice/train";
import { outcomeOn, trialBackend, type BackendSettings } from "./backend.ts";
import type { BatchesIfNeeded, OwnParts } from "./batching.ts";
import { divergesAs } from "./diverged.ts";
import type { Measured } from "./evaluate-model.ts";
import { fit, type Fitted } from "./fit.ts";
import type { FitData, FitOptions } from "./fit-options.ts";
import { asStored, modelOf, type Model, type ModelWeights, type SequenceExamples } from "./model.ts";
import { pace } from "./pace.ts";
import { recent } from "./recent.ts";
import { solvedIn, type Solved } from "./solved.ts";

/** Settings of every study that trains. */
export type TrainingSettings = BackendSettings & {
  /** Examples per step. */
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
  /** Steps per point of the curves of loss and gradient norm. Each point is the mean over these steps. */
  readonly logEvery: number;
  /** Steps between validations. A checkpoint follows each validation. */
  readonly validateEvery: number;
};

/** The default metrics of {@link trainingTrial}, for every study that trains. */
export const trainingMetrics = {
  validationLoss: { label: "Validation loss", better: "lower", split: "validation", digits: 3 },
  testLoss: { label: "Held-out loss", better: "lower", split: "test", digits: 3, curve: false },
  loss: { label: "Training loss", better: "lower", split: "training", summarise: "tail mean", digits: 3 },
  gradientNorm: {
    label: "Gradient norm",
    better: "neither",
    split: "training",
    summarise: "tail mean",
    digits: 2,
    log: true,
  },
} as const satisfies { readonly [name: string]: Metric };

/** Numbers by the names of a study's metrics. */
export type Numbers = { readonly [metric: string]: number };

/** What a trial trains, and how. Other options have the defaults of `fit`. */
export interface TrainingTask<P extends Tree, E, B extends Parts, O extends Tree, M extends string> extends Pick<
  FitOptions<P, E, B, O, M>,
  | "loss"
  | "metrics"
  | "perStep"
  | "batches"
  | "patience"
  | "watch"
  | "reduceOnPlateau"
  | "keep"
  | "accumulate"
  | "truncate"
  | "params"
  | "buffers"
  | "gradients"
  | "regularization"
  | "constrain"
  | "memory"
> {
  readonly data: FitData<E>;
  /**
   * When the task counts as solved: the value of the watched metric, the loss by default. Training ends with the first
   * validation that reaches it, and the outcome has the {@link solvedMetrics}. Default: training goes on.
   */
  readonly solved?: Solved;
  /** Default: the gradient clipped to the settings' norm, and Adam with the settings' learning rate. */
  readonly optimizer?: GradientTransform;
  /**
   * The metrics that a validation adds to the curves. A value that its data does not define is left out. Default `{
   * validationLoss }`.
   */
  readonly validated?: (validation: Measured<M>) => Numbers;
  /** The metrics that the outcome reports for the test data. Default `{ testLoss }`. */
  readonly tested?: (test: Measured<M>) => Numbers;
  /** Called with the weights before the first step, and with the kept weights after the last. */
  inspect?(weights: ModelWeights<P>, when: "start of training" | "end of training", backend: Backend): Promise<void>;
  /** Metrics computed from the weights, added to the row of every validation. */
  measure?(weights: ModelWeights<P>, backend: Backend): Promise<Numbers>;
}

/**
 * Runs {@link fit} as the trial of a study, with the trial's seed, settings, threads, checkpoints, metric rows and
 * progress. The model is evaluated on the test data once, at the end, with the kept weights. The result has a file with
 * the last weights and, with validation data, one with the best weights (`weightFiles`). The outcome has the hash of
 * the kept weights.
 *
 * With `keep: "best"`, the summary of the validation metrics is that of the kept weights, not of the last ones: a sweep
 * then tunes by the weights that are tested.
 *
 * A tuning trial (`context.tuning`) does not evaluate the test data, and has no metrics of it.
 *
 * All random numbers come from the trial's seed, so variants see the same batches in the same order. A stopped trial
 * continues from its last checkpoint with the same bits as an uninterrupted one.
 */
export async function trainingTrial<
  P extends Tree,
  E extends object,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P>,
  task: TrainingTask<P, E, B, Tensor, M> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function trainingTrial<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string = never,
  B extends Parts = OwnParts<E>,
>(
  context: TrialContext<TrainingSettings>,
  model: Model<P, NoInfer<B>, O>,
  task: TrainingTask<P, E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<TrialOutcome>;
export async function trainingTrial<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string,
  B extends Parts,
>(
  context: TrialContext<TrainingSettings>,
  model: Layer<P> | Model<P, B, O>,
  task: TrainingTask<P, E, B, O, M>,
): Promise<TrialOutcome> {
  const backend = trialBackend(context);
  try {
    return { ...(await trialOn(backend, context, modelOf(model), task)), ...outcomeOn(backend) };
  } finally {
    await backend.close();
  }
}

async function trialOn<P extends Tree, E extends object, O extends Tree, M extends string, B extends Parts>(
  backend: Backend,
  context: TrialContext<TrainingSettings>,
  model: Model<P, B, O>,
  task: TrainingTask<P, E, B, O, M>,
): Promise<TrialOutcome>;
async function trialOn(
  backend: Backend,
  context: TrialContext<TrainingSettings>,
  model: Model<Tree, Parts, Tree>,
  {
    data,
    solved,
    inspect,
    measure,
    validated = ({ loss }) => ({ validationLoss: loss }),
    tested = ({ loss }) => ({ testLoss: loss }),
    ...rest
  }: TrainingTask<Tree, Parts, Parts, Tree, string>,
): Promise<TrialOutcome> {
  const { config, restored, seed, signal } = context;
  const { learningRate, clip, logEvery, validateEvery, batch: size, epochs } = config;
  const start = {
    params: rest.params ?? model.init(keyFor(key(seed), "weights")),
    buffers: rest.buffers ?? model.initialBuffers?.() ?? {},
  };
  if (restored === null) await inspect?.(start, "start of training", backend);

  const curve = recent(restored?.state);
  const speed = pace();
  let headline: number | undefined;
  const trained = await divergesAs(context, () =>
    fit(model, context.tuning ? withoutTest(data) : data, {
      optimizer: chain(globalNorm(clip), adam({ learningRate })),
      ...rest,
      ...(solved === undefined || solved.stop === false ? {} : { until: solved.at }),
      ...start,
      ...{ size, epochs, validateEvery, seed, signal, backend },
      ...(restored === null ? {} : { resume: restored.bytes }),
      async onStep({ step, steps, loss, gradientNorm, examples, seconds }) {
        curve.add({ loss, gradientNorm });
        speed.add(examples, seconds);
        if (step % logEvery === 0 || step === steps) context.metric({ step, ...curve.take() });
        const examplesPerSecond = speed.examplesPerSecond();
        const accuracy = headline === undefined ? {} : { accuracy: headline };
        await context.progress({ step, steps, loss, gradientNorm, examplesPerSecond, ...accuracy });
      },
      async onRow({ step, validation }, run) {
        const numbers =
          validation === undefined ? {} : definedOf(validation, validated, { context, when: `step ${step}` });
        headline = Object.values(numbers)[0];
        context.metric({ step, ...numbers, ...(await measure?.(await run.weights(), backend)) });
        if (step > 0) await context.checkpoint(step, await run.checkpoint(), curve.state());
      },
    }),
  );
  if (signal.aborted) {
    await context.checkpoint(trained.last.step, await trained.checkpoint(), curve.state());
    signal.throwIfAborted();
  }
  await inspect?.(trained, "end of training", backend);
  const outcome = await outcomeOf(context, data, trained, rest.keep === "best" ? { tested, validated } : { tested });
  if (solved === undefined) return outcome;
  return { ...outcome, metrics: { ...outcome.metrics, ...solvedIn(trained.history, solved, rest) } };
}

type AnyTask = TrainingTask<Tree, Parts, Parts, Tree, string>;

function withoutTest({ train, validation }: FitData<Parts>): FitData<Parts> {
  return validation === undefined ? { train } : { train, validation };
}

/** Stores the weights with the trial and returns the outcome. */
async function outcomeOf(
  context: TrialContext,
  { validation }: FitData<Parts>,
  { params, buffers, last, best, history, test }: Fitted<Tree, Parts, Tree>,
  { tested, validated }: Required<Pick<AnyTask, "tested">> & Pick<AnyTask, "validated">,
): Promise<TrialOutcome> {
  await context.file(weightFiles.last, await saveState(asStored(last)));
  if (validation !== undefined) await context.file(weightFiles.best, await saveState(asStored(best)));
  const kept = history.findLast(({ step }) => step === best.step)?.validation;
  const metrics = {
    ...(kept === undefined || validated === undefined
      ? {}
      : definedOf(kept, validated, { context, when: "the kept weights" })),
    ...(test === undefined ? {} : definedOf(test, tested, { context, when: "the test data" })),
  };
  return { metrics, weights: await weightsHash(asStored({ params, buffers })), parameters: countOf(params) };
}

/** The numbers of an evaluation. If the data does not define some, they are left out, and the log has the reasons. */
function definedOf(
  measured: Measured,
  numbersOf: (measured: Measured) => Numbers,
  { context, when }: { readonly context: Pick<TrialContext, "log">; readonly when: string },
): Numbers {
  const numbers = numbersOf(measured);
  const { notDefined = {} } = measured;
  for (const [name, reason] of Object.entries(notDefined)) context.log(`${when}: ${name} is not defined: ${reason}`);
  if (Object.keys(notDefined).length === 0) return numbers;
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => !Number.isNaN(value)));
}

const countOf = (params: Tree): number => leavesOf(params).reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0);
