/** What models that fill in missing values read, and what they count. */
import {
  and,
  broadcastTo,
  convert,
  div,
  full,
  greater,
  iota,
  isTensor,
  less,
  mul,
  reshape,
  select,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkTensor, describe, isFloat, sameShape } from "@sluice/tensor/internal";
import { observedOf } from "../observation/check.ts";
import { timeSinceObserved } from "../observation/time-since-observed.ts";
import { timeUntilObserved } from "../observation/time-until-observed.ts";

/** A batch of series with missing values. */
export type ObservedExamples = {
  /** `[batch, time, variables]`. What was not observed is not read, and may be NaN. */
  readonly x: Tensor;
  /** `[batch, time, variables]`, bool or 0 and 1: which values were observed. */
  readonly mask: Tensor;
  /** `[batch, time, 1]`: the time since the previous step. Default: 1. */
  readonly elapsed?: Tensor;
  /** The steps of each row, i32 `[batch]`. Default: all. */
  readonly lengths?: Tensor;
};

/** A batch as the equations read it. */
export interface Observed {
  /** Zeros where nothing was observed. */
  readonly x: Tensor;
  /** bool `[batch, time, variables]`: false beyond the lengths. */
  readonly mask: Tensor;
  /** bool `[batch, time, 1]`: the steps within the lengths. */
  readonly within: Tensor;
  readonly lengths?: Tensor;
}

/** A batch, checked. */
export function observedIn(name: string, { x, mask, lengths }: ObservedExamples, variables?: number): Observed {
  checkTensor(name, "x", x);
  const [batch = 0, time = 0, width] = x.shape;
  if (x.shape.length !== 3 || !isFloat(x.dtype) || (variables !== undefined && width !== variables))
    throw new TensorError(
      `${name}: expected x [batch, time, ${variables ?? "variables"}] of floats, got ${x.dtype} ${describe(x)}`,
    );
  const observed = observedOf(name, mask, x);
  if (lengths !== undefined && (!isTensor(lengths) || lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch])))
    throw new TensorError(`${name}: lengths must be i32 [${batch}], one for each row`);
  const within =
    lengths === undefined
      ? full([batch, time, 1], 1, "bool")
      : less(reshape(iota([time]), [1, time, 1]), reshape(lengths, [batch, 1, 1]));
  const seen = lengths === undefined ? observed : and(observed, within);
  return { x: select(seen, x, 0), mask: seen, within, ...(lengths && { lengths }) };
}

/** The time since each variable was last observed, and until it is observed next, `[batch, time, variables]`. */
export function elapsedBothWays(
  name: string,
  { x, mask, within, lengths }: Observed,
  given: Tensor | undefined,
): { readonly since: Tensor; readonly until: Tensor } {
  const [batch = 0, time = 0] = x.shape;
  if (given !== undefined && (!isTensor(given) || !sameShape(given.shape, [batch, time, 1])))
    throw new TensorError(`${name}: elapsed must be [${batch},${time},1], the time since the previous step`);
  const elapsed = select(within, given ?? full([batch, time, 1], 1, x.dtype), 0);
  return {
    since: timeSinceObserved(mask, elapsed),
    until: timeUntilObserved(mask, elapsed, { ...(lengths && { lengths }) }),
  };
}

/** What of a batch counts in a loss, and how much: `Weighted` batches of @sluice/train have the weights of the rows. */
export type CountedExamples = ObservedExamples & {
  /** The weights of the rows, `[batch]`; 0 for rows that only fill the batch. Default: 1. */
  readonly weight?: Tensor;
};

/** The weights of the observed values, `[batch, time, variables]`. */
export const observedWeights = (examples: CountedExamples, { x, mask }: Observed): Tensor =>
  weighted(examples, convert(mask, x.dtype));

/** The weights of all values within the lengths, `[batch, time, variables]`. */
export const valueWeights = (examples: CountedExamples, { x, within }: Observed): Tensor =>
  weighted(examples, broadcastTo(convert(within, x.dtype), x.shape));

/** Values of each row, times its weight. */
const weighted = ({ weight }: CountedExamples, values: Tensor): Tensor =>
  weight === undefined ? values : mul(values, reshape(convert(weight, values.dtype), [values.shape[0] ?? 0, 1, 1]));

/** `sum(weights losses) / sum(weights)`, 0 of nothing, over all axes or those given. */
export function weightedMean(losses: Tensor, weights: Tensor, axes?: readonly number[]): Tensor {
  const total = (y: Tensor): Tensor => (axes === undefined ? sum(y) : sum(y, axes));
  const count = total(weights);
  return div(total(mul(losses, weights)), select(greater(count, 0), count, 1));
}
