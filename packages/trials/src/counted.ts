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
import type { Parts, Weighted } from "@sluice/train";
import { isStepMask } from "./model.ts";

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

/** The number of steps if there is an output per step, else undefined. */
export function stepsOf(operation: string, output: Tree, perStep: boolean | undefined): number | undefined {
  return (perStep ?? (isTensor(output) && output.shape.length > 2)) ? timeOf(operation, output) : undefined;
}

function timeOf(operation: string, output: Tree): number {
  const time = isTensor(output) ? output.shape[1] : undefined;
  if (time === undefined)
    throw new TensorError(`${operation}: perStep needs an output [batch, time, ...]; leave it out for others`);
  return time;
}

/** What counts of a batch. `steps` is undefined if there is one output per example. */
export function countedIn(operation: string, batch: Weighted<Parts>, steps: number | undefined): Counted {
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
export function weightOf({ mask, lengths }: Counted, steps: number | undefined): Tensor {
  if (steps === undefined) return sum(mask);
  const ofExamples = mask.shape.length === 1;
  if (lengths === undefined) return ofExamples ? mul(sum(mask), steps) : sum(mask);
  if (ofExamples) return sum(mul(mask, convert(lengths, mask.dtype)));
  return sum(select(less(iota([steps]), expand(lengths, 1)), mask, 0));
}
