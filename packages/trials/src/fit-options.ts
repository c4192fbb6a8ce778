import type { GradientTransform } from "@sluice/clip";
import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, checkOptions, shown, suggestion } from "@sluice/tensor/internal";
import type { LossResult, Parts, TrainerOptions, Weighted, WindowsOptions } from "@sluice/train";
import { batchingOptions } from "./batching.ts";
import type { EvaluateOptions, Measured } from "./evaluate-model.ts";
import { isExampleStream } from "./example-stream.ts";
import type { HistoryRow } from "./history.ts";
import type { Run, StepTaken } from "./loop.ts";
import { objectiveOptions } from "./objective.ts";
import type { Better, ReduceOnPlateau } from "./stopping.ts";
import { isStreaming } from "./streaming.ts";

/** The data of `fit`: examples, or an `exampleStream`. A `Dataset` of `@sluice/data` is such an object. */
export interface FitData<E> {
  readonly train: E;
  /** Evaluated during training; decides which weights are best. */
  readonly validation?: E;
  /** Evaluated once, at the end. */
  readonly test?: E;
}

/** Options of training, shared by scripts and trials. */
export interface TrainingOptions<P extends Tree, M extends string> {
  /** Passes over the training data. Give either `epochs` or `steps`. */
  readonly epochs?: number;
  /** Training steps, each of one batch. */
  readonly steps?: number;
  /** Steps between evaluations. Default: one epoch. */
  readonly validateEvery?: number;
  /** Ends training after this many evaluations without improvement. Default: never. */
  readonly patience?: number;
  /**
   * Ends training after the first evaluation in which the watched metric is as good as this, or better. Default: never.
   */
  readonly until?: number;
  /** The metric that must improve. Default `{ metric: "loss", better: "lower" }`. */
  readonly watch?: Watch<M>;
  /** Reduces the learning rate when the metric stops improving. Default: never. */
  readonly reduceOnPlateau?: ReduceOnPlateau;
  /** Which weights to keep: those of the best evaluation, or the last. Default "last". */
  readonly keep?: "best" | "last";
  /**
   * Batches per update, for gradient accumulation: the update is that of one large batch. Batches left over at the end
   * have no effect. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Truncated back-propagation through time, TBPTT(k1, k2): an update after every k1 steps of the training sequences,
   * whose gradient goes back through k2. The state is carried from window to window. `steps`, `validateEvery` and
   * `accumulate` count windows. The model needs an output for each step. Default: the gradient goes back to the first
   * step.
   */
  readonly truncate?: WindowsOptions;
  /**
   * Turns the gradient into the update: an optimizer, or a `chain` of clippers and an optimizer. Default: Adam with a
   * learning rate of 1e-3.
   */
  readonly optimizer?: GradientTransform;
  /** Parameters to start from. Default: the model's own, drawn from the seed. */
  readonly params?: P;
  /** Buffers to start from. Default: the model's initial buffers. */
  readonly buffers?: Tree;
}

/** The metric that decides which weights are best, and when to stop. */
export interface Watch<M extends string> {
  /** Its name among the metrics, or "loss". */
  readonly metric: NoInfer<M> | "loss";
  /** Which of two values is better. Default: "lower" for the loss, and what a streaming metric says of itself. */
  readonly better?: Better;
  /**
   * How much better than the best so far a value must be to count as an improvement. Default 0: any improvement counts.
   */
  readonly least?: number;
}

/** Options that are passed on to the training step unchanged. */
interface StepOptions<P extends Tree, B extends Parts> extends Pick<
  TrainerOptions<P, Weighted<B>, LossResult>,
  "gradients" | "memory"
> {
  /**
   * A penalty on the parameters, a scalar that is added to the loss and reported on its own. Default: the sum of those
   * that the model's specs declare, such as `kernelRegularizer: l2(1e-4)`.
   */
  readonly regularization?: (params: P) => Tensor;
  /**
   * A projection of the parameters after each update, to the same paths, shapes and dtypes. Default: the constraints
   * that the model's specs declare, such as `kernelConstraint: maxNorm(2)`.
   */
  readonly constrain?: (params: P) => P;
}

export interface FitOptions<P extends Tree, E, B extends Parts, O extends Tree, M extends string>
  extends TrainingOptions<P, M>, Omit<EvaluateOptions<E, B, O, M>, "buffers">, StepOptions<P, B> {
  /** The seed of all random numbers, 0 to 2^32 - 1. Default 0. */
  readonly seed?: number;
  /** A checkpoint from `checkpoint()`, to resume training. Data, model and options must be the same as before. */
  readonly resume?: Uint8Array;
  /** Aborting it ends training after the current step or evaluation. */
  readonly signal?: { readonly aborted: boolean };
  /** Called after every step, before an evaluation that follows it. */
  onStep?(step: StepTaken<M>, run: Run<P>): void | Promise<void>;
  /** Called after every evaluation; without validation data, at the points where one would take place. */
  onRow?(row: HistoryRow<M>, run: Run<P>): void | Promise<void>;
}

const stepOptions = ["gradients", "regularization", "constrain", "memory"];

const trainingOptions = [
  "epochs",
  "steps",
  "validateEvery",
  "patience",
  "until",
  "watch",
  "reduceOnPlateau",
  "keep",
  "accumulate",
  "truncate",
  "optimizer",
  "params",
  "buffers",
];

const known = [
  ...trainingOptions,
  ...objectiveOptions,
  ...batchingOptions,
  ...stepOptions,
  "backend",
  "seed",
  "resume",
  "signal",
  "onStep",
  "onRow",
];

const aliases = {
  batchSize: "size",
  batch_size: "size",
  batch: "size",
  lr: "optimizer",
  learningRate: "optimizer",
  earlyStopping: "patience",
  callbacks: "onRow",
  monitor: "watch",
  key: "seed",
  tbptt: "truncate",
  windows: "truncate",
};

const splits = ["train", "validation", "test"];
const otherNames = { val: "validation", valid: "validation", dev: "validation", eval: "validation", training: "train" };

function checkSplits(data: object): void {
  if (typeof data !== "object" || data === null || !("train" in data) || data.train === undefined)
    throw new TensorError(`fit: expected data { train, validation?, test? }, got ${shown(data)}`);
  // A `Dataset` of `@sluice/data` says more of itself, such as the names of its speakers.
  const isDataset = "provenance" in data;
  const strange = Object.keys(data).find((name) =>
    isDataset ? Object.hasOwn(otherNames, name) : ![...splits, "name", "classes", "scaler"].includes(name),
  );
  if (strange === undefined) return;
  throw new TensorError(
    `fit: the data has ${strange}, which is not a split; ${suggestion(strange, splits, otherNames)}`,
  );
}

/** What a stream has no use for, since its examples are never all there. */
function checkStreams(data: FitData<unknown>, options: object): void {
  for (const [name, split] of Object.entries({ train: data.train, validation: data.validation, test: data.test })) {
    if (typeof split === "function")
      throw new TensorError(
        `fit: data.${name} is ${shown(split)}; make it a stream of examples: exampleStream(${split.name || "() => chunks"}, { buffer: 1000 })`,
      );
    if (!isExampleStream(split)) continue;
    for (const option of ["batches", "truncate"])
      if (Reflect.get(options, option) !== undefined)
        throw new TensorError(
          `fit: ${option} needs examples in memory, but data.${name} is a stream; leave ${option} out, or give the chunks of the stream as examples`,
        );
  }
}

/** @throws an error that says what is wrong with the options, or which data they need. */
export function checkFit(
  data: FitData<unknown>,
  options: TrainingOptions<Tree, string> & { readonly metrics?: object },
): void {
  checkSplits(data);
  checkOptions("fit", options, known, aliases);
  checkStreams(data, options);
  if (options.optimizer !== undefined)
    checkMade(
      "fit",
      "optimizer",
      options.optimizer,
      { init: "function", update: "function" },
      "adam({ learningRate: 1e-3 })",
    );
  const {
    epochs,
    steps,
    validateEvery,
    patience,
    until,
    watch,
    reduceOnPlateau,
    keep,
    accumulate,
    metrics = {},
  } = options;
  if ((epochs === undefined) === (steps === undefined))
    throw new TensorError(`fit: expected either epochs or steps, got ${epochs === undefined ? "neither" : "both"}`);
  const counts = {
    epochs,
    steps,
    validateEvery,
    patience,
    accumulate,
    "reduceOnPlateau.patience": reduceOnPlateau?.patience,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (count !== undefined && (!Number.isInteger(count) || count < 1))
      throw new TensorError(`fit: expected ${name} as an integer >= 1, got ${shown(count)}`);
  }
  if (reduceOnPlateau !== undefined) {
    checkOptions("fit: reduceOnPlateau", reduceOnPlateau, ["factor", "patience", "min"]);
    const { factor = 0.1, min = 0 } = reduceOnPlateau;
    if (!(factor > 0 && factor < 1 && min >= 0 && min < 1))
      throw new TensorError(
        `fit: expected reduceOnPlateau with a factor and a min between 0 and 1, got ${shown(factor)} and ${shown(min)}`,
      );
  }
  if (until !== undefined && !Number.isFinite(until))
    throw new TensorError(`fit: expected until as a value of the watched metric, got ${shown(until)}`);
  if (watch !== undefined) watchedBy(watch, metrics);
  if (keep !== undefined && !["best", "last"].includes(keep))
    throw new TensorError(`fit: expected keep as "best" or "last", got ${shown(keep)}`);
  const needs = { patience, until, watch, reduceOnPlateau, 'keep: "best"': keep === "best" ? keep : undefined };
  const need = Object.entries(needs).find(([, given]) => given !== undefined)?.[0];
  if (need !== undefined && data.validation === undefined)
    throw new TensorError(`fit: ${need} needs data.validation, which decides what is best`);
}

/** A watch that says which value is better. */
export type DecidedWatch = Watch<string> & { readonly better: Better };

/** The watched metric, the loss by default, with what is better. */
export function watchedBy(watch: Watch<string> | undefined, metrics: object = {}): DecidedWatch {
  if (watch === undefined) return { metric: "loss", better: "lower" };
  const given: unknown = watch;
  if (typeof given === "string")
    throw new TensorError(
      `fit: expected watch as { metric, better }, got ${shown(given)}; write { metric: ${shown(given)}, better: "higher" }`,
    );
  checkOptions("fit: watch", watch, ["metric", "better", "least"]);
  const names = ["loss", ...Object.keys(metrics)];
  if (!names.includes(watch.metric))
    throw new TensorError(`fit: watch has the metric ${shown(watch.metric)}, expected one of ${names.join(", ")}`);
  const own = betterOf(watch.metric, metrics);
  const { better = own } = watch;
  if (better !== "lower" && better !== "higher")
    throw new TensorError(
      `fit: expected watch.better as "lower" or "higher", got ${shown(better)}${better === undefined ? `; ${watch.metric} does not say it of itself` : ""}`,
    );
  if (own !== undefined && own !== better)
    throw new TensorError(`fit: watch.better is "${better}", but a ${own} ${watch.metric} is better`);
  return { ...watch, better };
}

/** The watched value of an evaluation. */
export const watchedValue =
  ({ metric }: Watch<string>) =>
  ({ loss, metrics }: Measured): number =>
    metric === "loss" ? loss : (metrics[metric] ?? NaN);

/** What the loss or a streaming metric says of itself. */
function betterOf(name: string, metrics: object): Better | undefined {
  if (name === "loss") return "lower";
  const metric: unknown = Reflect.get(metrics, name);
  return isStreaming(metric) && metric.better !== "neither" ? metric.better : undefined;
}
