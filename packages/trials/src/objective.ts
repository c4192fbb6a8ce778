import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { LossResult, Parts, StreamingMetric, Weighted } from "@sluice/train";
import { countedIn, stepsOf, weightOf, type Counted } from "./counted.ts";
import { given } from "./given.ts";
import { applied, type CarriedOptions, type Model, type ModelOptions } from "./model.ts";
import { isStreaming, streamsOf, type AnyStreamingMetric, type Streams } from "./streaming.ts";

/** The part `y` of a batch. */
export type TargetOf<B> = B extends { readonly y: infer Y } ? Y : undefined;

/**
 * A loss: `crossEntropy`, `mse`, or your own function of the output, the target `y`, the counted weights, and the whole
 * batch. It returns the mean over what counts as a float scalar, or a `LossResult` with the weight of that mean.
 */
export type LossFunction<O extends Tree, B extends Parts> = (
  output: O,
  target: TargetOf<B>,
  counted: Counted,
  batch: Weighted<B>,
) => Tensor | LossResult;

/** A metric such as `accuracy`: a scalar, the mean over what counts. */
export type MetricFunction<O extends Tree, B extends Parts> = (
  output: O,
  target: TargetOf<B>,
  counted: Counted,
  batch: Weighted<B>,
) => Tensor;

/** A metric of a model: a function such as `accuracy`, or a streaming metric such as `auroc()`. */
export type ModelMetric<O extends Tree, B extends Parts> =
  MetricFunction<O, B> | StreamingMetric<number, object, O, TargetOf<B>>;

/** Metrics by name. */
export type ModelMetrics<O extends Tree, B extends Parts, M extends string> = {
  readonly [name in M]: ModelMetric<O, B>;
};

/** The loss and the metrics of a model. */
export interface ObjectiveOptions<O extends Tree, B extends Parts, M extends string> {
  /** The loss to minimize. */
  readonly loss: LossFunction<O, B>;
  /**
   * Reported next to the loss. A function gives a mean over what counts, for training and validation. A streaming
   * metric gives the value over a whole data set, for validation and test only. Default: none.
   */
  readonly metrics?: ModelMetrics<O, B, M>;
  /**
   * Whether there is an output per step, so that means are over steps instead of sequences. Default: true if the output
   * is a tensor of three or more axes, `[batch, time, features]`.
   */
  readonly perStep?: boolean;
}

export const objectiveOptions = ["loss", "metrics", "perStep"];

/** What is computed of a batch, and of a data set. */
export interface Objective<P extends Tree, B extends Parts> {
  /** Loss, metrics that are functions, and weight of a batch. In evaluation also the output, if a metric streams. */
  readonly ofBatch: (
    params: P,
    batch: Weighted<B>,
    options: ModelOptions & CarriedOptions,
  ) => LossResult & { readonly weight: Tensor };
  /** Begins an evaluation of the streaming metrics. */
  readonly streams: () => Streams;
  /** What counts of a batch, given the model's output for it. */
  readonly countedOf: (output: Tree, batch: Weighted<B>) => Counted;
}

/**
 * Computes the quantity to minimize. A batch's weight is its number of examples or, with an output per step, of real
 * steps; padding never counts.
 */
export function objectiveOf<P extends Tree, B extends Parts, O extends Tree, M extends string>(
  operation: string,
  model: Model<P, B, O>,
  options: ObjectiveOptions<O, B, M>,
): Objective<P, B>;
export function objectiveOf(
  operation: string,
  model: Model<Tree, Parts, Tree>,
  { loss, metrics = {}, perStep }: ErasedOptions,
): Objective<Tree, Parts> {
  checkFunctions(operation, loss, metrics);
  const { functions, streaming } = divided(metrics);
  const isStreamed = Object.keys(streaming).length > 0;
  return {
    streams: () => streamsOf(streaming),
    countedOf: (output, batch) => countedIn(operation, batch, stepsOf(operation, output, perStep)),
    ofBatch(params, batch, options) {
      const { output, buffers, carry } = applied(model, params, batch, options);
      const steps = stepsOf(operation, output, perStep);
      if (options.carryAfter !== undefined && steps === undefined)
        throw new TensorError(
          `${operation}: truncate needs an output and a target for each step; give the layer outputs: "all", or leave truncate out`,
        );
      const counted = countedIn(operation, batch, steps);
      const result = loss(output, batch["y"], counted, batch);
      const own = isTensor(result) ? { loss: result } : result;
      const measured = Object.entries(functions).map(([name, metric]) => [
        name,
        called(operation, name, metric(output, batch["y"], counted, batch)),
      ]);
      return {
        ...own,
        metrics: { ...own.metrics, ...Object.fromEntries(measured) },
        weight: own.weight ?? weightOf(counted, steps),
        ...given({ buffers, carry: options.carryAfter === undefined ? undefined : carry }),
        ...(isStreamed && options.training !== true ? { outputs: output } : {}),
      };
    },
  };
}

/** The result of a metric function. A streaming metric that is passed without calling it returns itself. */
function called(operation: string, name: string, result: Tensor): Tensor {
  if (isStreaming(result))
    throw new TensorError(
      `${operation}: metrics.${name} is a function that returns a metric; call it: { ${name}: f() }`,
    );
  return result;
}

/** Metrics that are functions, and those that stream over batches. */
function divided(metrics: ErasedMetrics): {
  readonly functions: { readonly [name: string]: Erased<Tensor> };
  readonly streaming: { readonly [name: string]: AnyStreamingMetric };
} {
  const functions: { [name: string]: Erased<Tensor> } = {};
  const streaming: { [name: string]: AnyStreamingMetric } = {};
  for (const [name, metric] of Object.entries(metrics))
    if (typeof metric === "function") functions[name] = metric;
    else streaming[name] = metric;
  return { functions, streaming };
}

function checkFunctions(operation: string, loss: unknown, metrics: unknown): void {
  if (typeof loss !== "function")
    throw new TensorError(`${operation}: loss is ${shown(loss)}, expected a function, such as crossEntropy or mse`);
  const byName = typeof metrics === "object" && metrics !== null && !Array.isArray(metrics) && !isTensor(metrics);
  const strange = byName
    ? Object.entries(metrics).find(([, metric]) => typeof metric !== "function" && !isStreaming(metric))
    : undefined;
  if (byName && strange === undefined) return;
  const given =
    strange === undefined ? `metrics is ${shown(metrics)}` : `metrics.${strange[0]} is ${shown(strange[1])}`;
  throw new TensorError(`${operation}: ${given}, expected metrics by name, such as { accuracy, auroc: auroc() }`);
}

type Erased<R> = (output: Tree, target: Tree | undefined, counted: Counted, batch: Weighted<Parts>) => R;

type ErasedMetrics = { readonly [name: string]: Erased<Tensor> | AnyStreamingMetric };

interface ErasedOptions {
  readonly loss: Erased<Tensor | LossResult>;
  readonly metrics?: ErasedMetrics;
  readonly perStep?: boolean;
}
