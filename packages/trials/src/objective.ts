import {
  convert,
  expand,
  iota,
  isTensor,
  less,
  mul,
  select,
  sum,
  TensorError,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { LossResult, Parts, Weighted } from "@sluice/train";
import { given } from "./given.ts";
import { applied, isStepMask, type CarriedOptions, type Model, type ModelOptions } from "./model.ts";

/** Which examples and steps of a batch count, as options for the losses of `@sluice/train`. */
export interface Counted {
  /**
   * The weights of the examples `[batch]`, or of the steps `[batch, time]` if there is an output per step and the data
   * has `counted` or `mask`.
   */
  readonly mask: Tensor;
  /** Steps of each row, i32 `[batch]`, if there is an output per step. */
  readonly lengths?: Tensor;
}

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

/** Metrics by name. */
export type MetricFunctions<O extends Tree, B extends Parts, M extends string> = {
  readonly [name in M]: MetricFunction<O, B>;
};

/** The loss and the metrics of a model. */
export interface ObjectiveOptions<O extends Tree, B extends Parts, M extends string> {
  /** The loss to minimize. */
  readonly loss: LossFunction<O, B>;
  /** Reported next to the loss, for training and validation. Default: none. */
  readonly metrics?: MetricFunctions<O, B, M>;
  /**
   * Whether there is an output per step, so that means are over steps instead of sequences. Default: true if the output
   * is a tensor of three or more axes, `[batch, time, features]`.
   */
  readonly perStep?: boolean;
}

export const objectiveOptions = ["loss", "metrics", "perStep"];

/** Loss, metrics and weight of a batch. */
export type Objective<P extends Tree, B extends Parts> = (
  params: P,
  batch: Weighted<B>,
  options: ModelOptions & CarriedOptions,
) => LossResult & { readonly weight: Tensor };

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
  return (params, batch, options) => {
    const { output, buffers, carry } = applied(model, params, batch, options);
    const steps = (perStep ?? (isTensor(output) && output.shape.length > 2)) ? timeOf(operation, output) : undefined;
    if (options.carryAfter !== undefined && steps === undefined)
      throw new TensorError(
        `${operation}: truncate needs an output and a target for each step; give the layer outputs: "all", or leave truncate out`,
      );
    const counted = countedIn(operation, batch, steps);
    const result = loss(output, batch["y"], counted, batch);
    const own = isTensor(result) ? { loss: result } : result;
    const measured = Object.entries(metrics).map(([name, metric]) => [
      name,
      metric(output, batch["y"], counted, batch),
    ]);
    return {
      ...own,
      metrics: { ...own.metrics, ...Object.fromEntries(measured) },
      weight: own.weight ?? weightOf(counted, steps),
      ...given({ buffers, carry: options.carryAfter === undefined ? undefined : carry }),
    };
  };
}

function checkFunctions(operation: string, loss: unknown, metrics: unknown): void {
  if (typeof loss !== "function")
    throw new TensorError(`${operation}: loss is ${shown(loss)}, expected a function, such as crossEntropy or mse`);
  const byName = typeof metrics === "object" && metrics !== null && !Array.isArray(metrics) && !isTensor(metrics);
  const strange = byName ? Object.entries(metrics).find(([, metric]) => typeof metric !== "function") : undefined;
  if (byName && strange === undefined) return;
  const given =
    strange === undefined ? `metrics is ${shown(metrics)}` : `metrics.${strange[0]} is ${shown(strange[1])}`;
  throw new TensorError(`${operation}: ${given}, expected functions by name, such as { accuracy }`);
}

type Erased<R> = (output: Tree, target: Tree | undefined, counted: Counted, batch: Weighted<Parts>) => R;

interface ErasedOptions {
  readonly loss: Erased<Tensor | LossResult>;
  readonly metrics?: { readonly [name: string]: Erased<Tensor> };
  readonly perStep?: boolean;
}

function timeOf(operation: string, output: Tree): number {
  const time = isTensor(output) ? output.shape[1] : undefined;
  if (time === undefined)
    throw new TensorError(`${operation}: perStep needs an output [batch, time, ...]; leave it out for others`);
  return time;
}

function countedIn(operation: string, batch: Weighted<Parts>, steps: number | undefined): Counted {
  const { lengths, counted, mask, weight } = batch;
  if (steps === undefined) return { mask: weight };
  if (counted !== undefined && !isTensor(counted))
    throw new TensorError(`${operation}: counted must be a tensor [batch, time], got several`);
  const ofSteps = [counted, isStepMask(mask) ? convert(mask, weight.dtype) : undefined].filter(
    (part) => part !== undefined,
  );
  return {
    mask: ofSteps.length === 0 ? weight : ofSteps.reduce(mul, expand(weight, 1)),
    ...(lengths !== undefined && isTensor(lengths) ? { lengths } : {}),
  };
}

/** The sum of the weights of examples, or of steps. */
function weightOf({ mask, lengths }: Counted, steps: number | undefined): Tensor {
  if (steps === undefined) return sum(mask);
  const ofExamples = mask.shape.length === 1;
  if (lengths === undefined) return ofExamples ? mul(sum(mask), steps) : sum(mask);
  if (ofExamples) return sum(mul(mask, convert(lengths, mask.dtype)));
  return sum(select(less(iota([steps]), expand(lengths, 1)), mask, 0));
}
