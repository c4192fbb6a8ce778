import type { Layer } from "@sluice/cells";
import { item, key, keyFor, type Backend, type Bytes, type Tensor, type Tree } from "@sluice/tensor";
import {
  accumulate,
  adam,
  scaled,
  trainer,
  type LossContext,
  type LossResult,
  type Parts,
  type Weighted,
} from "@sluice/train";
import type { GradientTransform } from "@sluice/clip";
import { withBackend } from "./backend.ts";
import { batchingOf, type BatchesIfNeeded, type BatchingOptions, type OwnParts } from "./batching.ts";
import { declaredBy } from "./declared.ts";
import { given } from "./given.ts";
import { isExampleStream, type ExampleStream } from "./example-stream.ts";
import type { Feed } from "./feed.ts";
import { evaluateModel, measuring, type Measured, type Measurer } from "./evaluate-model.ts";
import {
  checkFit,
  watchedBy,
  watchedValue,
  type FitData,
  type FitOptions,
  type TrainingOptions,
} from "./fit-options.ts";
import { noSteps, type HistoryRow } from "./history.ts";
import { trainOn, type LoopEnd, type LoopOptions, type Stopped } from "./loop.ts";
import { modelOf, type Model, type ModelWeights, type SequenceExamples } from "./model.ts";
import { objectiveOf, type Objective } from "./objective.ts";
import { predict, type InputsOf } from "./predict.ts";
import { loadRun, saveRun, type SavedRun } from "./saved-run.ts";
import { hasFurtherIntegers, hasNotFinite, NotFiniteError } from "./not-finite.ts";
import { passOf, type Pass } from "./pass.ts";
import { sourceOf } from "./source.ts";
import { bestOf } from "./stopping.ts";
import { windowsText } from "./truncation.ts";

/** Weights, and the step after which they were taken. */
export interface Weights<P extends Tree> extends ModelWeights<P> {
  readonly step: number;
}

/** A trained model: its weights and history, with functions to evaluate and predict. */
export interface Fitted<P extends Tree, E, O extends Tree, M extends string = string> extends ModelWeights<P> {
  /** The best or the last weights, as chosen by `keep`. */
  readonly params: P;
  /** The buffers of the same step, such as running statistics. */
  readonly buffers: Tree;
  readonly last: Weights<P>;
  /**
   * The weights of the best evaluation (the first one, if several are equal). Without validation data, the last
   * weights.
   */
  readonly best: Weights<P>;
  readonly history: readonly HistoryRow<M>[];
  readonly stopped: Stopped;
  /** Loss and metrics of `params` on `data.test`. Absent without test data, or if training was aborted. */
  readonly test?: Measured<M>;
  /** Loss and metrics of `params` on other examples. */
  evaluate(examples: E | ExampleStream<E>): Promise<Measured<M>>;
  /** The outputs for examples, `[examples, ...]`, in the order of the data. */
  predict(examples: InputsOf<E>): Promise<O>;
  /** A checkpoint for `resume`. */
  checkpoint(): Promise<Bytes>;
}

/**
 * Trains a model on examples. It is evaluated before the first step and then after each epoch, or at the interval
 * `validateEvery`.
 *
 *     const trained = await fit(model, { train, validation }, { loss: crossEntropy, epochs: 20, patience: 3, keep: "best" });
 *     await trained.predict(test);
 *
 * Data that do not fit in memory come as an {@link exampleStream}, for training, validation or test.
 *
 * All random numbers come from `seed`. A run that is saved with `checkpoint()` and continued with `resume` gives the
 * same bits as an uninterrupted run, including its best weights, its learning rate and the count of `patience`.
 *
 * @throws a `DivergedError` if the loss of a step or a gradient is not finite; a {@link NotFiniteError} if the validation
 *   loss is NaN, if no evaluation gave a finite number for the watched metric, or if the test data has a NaN or an
 *   infinity that reaches the loss. Both name the example, if the cause is in the data.
 */
export async function fit<
  P extends Tree,
  E extends object,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  data: FitData<E | ExampleStream<E>>,
  options: FitOptions<P, E, B, Tensor, M> & BatchesIfNeeded<E, B>,
): Promise<Fitted<P, E, Tensor, M>>;
export async function fit<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string = never,
  B extends Parts = OwnParts<E>,
>(
  model: Model<P, NoInfer<B>, O>,
  data: FitData<E | ExampleStream<E>>,
  options: FitOptions<P, E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<Fitted<P, E, O, M>>;
export async function fit<P extends Tree, E extends object, O extends Tree, M extends string, B extends Parts>(
  model: Layer<P> | Model<P, B, O>,
  data: FitData<E | ExampleStream<E>>,
  options: FitOptions<P, E, B, O, M>,
): Promise<Fitted<P, E, O, M>> {
  checkFit(data, options);
  return fitted(modelOf(model), data, options);
}

type StreamedData = FitData<Parts | ExampleStream<Parts>>;

async function fitted<P extends Tree, E extends object, O extends Tree, M extends string, B extends Parts>(
  model: Model<P, B, O>,
  data: FitData<E | ExampleStream<E>>,
  options: FitOptions<P, E, B, O, M>,
): Promise<Fitted<P, E, O, M>>;
async function fitted(
  own: Model<Tree, Parts, Tree>,
  data: StreamedData,
  options: FitOptions<Tree, Parts, Parts, Tree, string>,
): Promise<Fitted<Tree, Parts, Tree>> {
  return withBackend(options.backend, async (backend) => {
    const start = {
      params: options.params ?? own.init(keyFor(key(options.seed ?? 0), "weights")),
      buffers: options.buffers ?? own.initialBuffers?.() ?? {},
    };
    const objective = objectiveOf("fit", own, options);
    const measurer = measuring({ objective, weights: start, backend });
    try {
      const testing = data.test === undefined ? undefined : passOf("fit", data.test, options);
      if (testing !== undefined) await checkTestData(measurer, start, data, { testing, options });
      const { stopped, run } = await trained({ model: own, objective, start, data, options, backend, measurer });
      const weights = weightsOf(run, options);
      const kept = options.keep === "best" ? weights.best : weights.last;
      const test = testing === undefined || stopped === "aborted" ? undefined : await measurer.run(kept, testing);
      const { loss, metrics, perStep, size, batches } = options;
      const { params, buffers } = kept;
      const common = { buffers, ...given({ size, batches, backend: options.backend }) };
      return {
        params,
        buffers,
        ...weights,
        history: run.history,
        stopped,
        ...(test === undefined ? {} : { test }),
        evaluate: (examples) =>
          evaluateModel(own, params, examples, { loss, ...given({ metrics, perStep }), ...common }),
        predict: (examples) => predict(own, params, examples, common),
        checkpoint: () => saveRun(run),
      };
    } finally {
      await measurer.dispose();
    }
  });
}

/**
 * Test data whose loss cannot be finite is reported before training, since an error at the end would cost the weights. A
 * stream is not read for that.
 */
async function checkTestData(
  measurer: Measurer<Tree, Parts>,
  weights: ModelWeights<Tree>,
  { train, test }: StreamedData,
  { testing, options }: { readonly testing: Pass<Parts>; readonly options: BatchingOptions<Parts, Parts> },
): Promise<void> {
  if (test === undefined || isExampleStream(test)) return;
  const cut = batchingOf("fit", options);
  if (!isExampleStream(train) && !hasNotFinite(cut(test)) && !hasFurtherIntegers(cut(test), cut(train))) return;
  const { loss } = await measurer.run(weights, testing);
  if (Number.isFinite(loss)) return;
  const origin = await measurer.origin(weights, testing);
  throw new NotFiniteError(`the test loss is ${loss} before training`, { split: "test", step: 0, origin });
}

interface TrainedParts {
  readonly model: Model<Tree, Parts, Tree>;
  readonly objective: Objective<Tree, Parts>;
  readonly start: ModelWeights<Tree>;
  readonly data: StreamedData;
  readonly options: FitOptions<Tree, Parts, Parts, Tree, string>;
  readonly backend: Backend;
  readonly measurer: Measurer<Tree, Parts>;
}

/** Compiles the training step and trains to the end. */
async function trained(parts: TrainedParts): Promise<LoopEnd<Tree>> {
  const { model, objective, start, data, options, backend, measurer } = parts;
  const { seed = 0, size = 32, epochs, metrics } = options;
  const watch = watchedBy(options.watch, metrics);
  const root = key(seed);
  const { first, feedFrom, carry, optionsOf } = await sourceOf(data.train, model, { ...options, ...start, root });
  const validation = data.validation === undefined ? undefined : passOf("fit", data.validation, options);
  const training = await trainer({
    loss: (params: Tree, batch: Weighted<Parts>, context: LossContext<Tree, Tree>): LossResult =>
      objective.ofBatch(params, batch, {
        training: true,
        key: context.key,
        buffers: context.buffers,
        ...optionsOf(context),
      }),
    optimizer: optimizerOf(options),
    ...declaredBy(model),
    ...given({
      gradients: options.gradients,
      regularization: options.regularization,
      constrain: options.constrain,
      memory: options.memory,
    }),
    ...start,
    carry,
    key: keyFor(root, "training"),
    batch: first,
    backend,
  });
  let feed: Feed<Parts> | undefined;
  try {
    const shuffle = isExampleStream(data.train) ? `buffer ${data.train.buffer}` : "whole";
    const windows = windowsText(options.truncate);
    const begun = await startOf(training, { start, seed, size, windows, shuffle, resume: options.resume });
    const own = (feed = feedFrom(begun.ends));
    return await trainOn(begun, {
      training,
      feed: own,
      steps: () => (epochs === undefined ? (options.steps ?? 0) : own.stepsIn(epochs)),
      end: epochs === undefined ? "steps" : "epochs",
      every: options.validateEvery,
      validation: validation && {
        measure: (weights) => measurer.run(weights, validation),
        origin: (weights) => measurer.origin(weights, validation),
      },
      watched: { metric: watch.metric, of: watchedValue(watch), decides: options.keep === "best" },
      improvement: watch,
      patience: options.patience,
      until: options.until,
      reduceOnPlateau: options.reduceOnPlateau,
      signal: options.signal,
      onStep: options.onStep?.bind(options),
      onRow: options.onRow?.bind(options),
    });
  } finally {
    await feed?.close();
    await training.dispose();
  }
}

function optimizerOf({
  optimizer = adam({ learningRate: 1e-3 }),
  accumulate: batches = 1,
  reduceOnPlateau,
}: TrainingOptions<Tree, string>): GradientTransform {
  const accumulated = batches === 1 ? optimizer : accumulate(batches, optimizer);
  return reduceOnPlateau === undefined ? accumulated : scaled(accumulated);
}

interface StartParts extends Pick<SavedRun<Tree>, "seed" | "size" | "windows" | "shuffle"> {
  readonly start: ModelWeights<Tree>;
  readonly resume: Uint8Array | undefined;
}

/** A run at its start, or at the checkpoint from which it resumes. */
async function startOf(
  training: LoopOptions<Tree>["training"],
  { start, resume, ...same }: StartParts,
): Promise<SavedRun<Tree>> {
  const run = { training: await training.state(), best: start, ...same, ends: [], history: [], sums: noSteps };
  if (resume === undefined) return run;
  const saved = await loadRun(resume, run);
  await training.setState(saved.training);
  return saved;
}

function weightsOf(
  { training, best, history }: SavedRun<Tree>,
  options: Pick<FitOptions<Tree, Parts, Parts, Tree, string>, "watch" | "metrics">,
): { readonly last: Weights<Tree>; readonly best: Weights<Tree> } {
  const watch = watchedBy(options.watch, options.metrics);
  const last = { params: training.params, buffers: training.buffers, step: item(training.step) };
  const rows = history.flatMap(({ step, validation }) => (validation === undefined ? [] : [{ step, validation }]));
  const row =
    rows[
      bestOf(
        rows.map(({ validation }) => watchedValue(watch)(validation)),
        watch,
      )
    ];
  return { last, best: row === undefined ? last : { ...best, step: row.step } };
}
