import {
  convert,
  div,
  full,
  greater,
  iota,
  isTensor,
  less,
  max,
  mul,
  reshape,
  select,
  sum,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkList, checkOptions, checkTensor, sameShape, showShape, sizeOf } from "@sluice/tensor/internal";

/** Which steps count: the `lengths` and `mask` that the layer got. */
export interface StepOptions {
  /** The number of steps of each row: i32 `[batch]`, or numbers. Default: all rows have all steps. */
  readonly lengths?: Tensor | readonly number[];
  /** bool `[batch, time]`: false where the layer skipped a step. Default: it skipped none. */
  readonly mask?: Tensor;
}

const stepOptions = ["lengths", "mask"];
const stepAliases = { sequenceLengths: "lengths" };

/** bool `[batch, time]`: true for the steps that the layer took. */
export function activeSteps(
  operation: string,
  [batch, time]: readonly [number, number],
  { lengths, mask }: StepOptions,
): Tensor {
  if (mask !== undefined) checkTensor(operation, "mask", mask);
  if (mask !== undefined && (mask.dtype !== "bool" || !sameShape(mask.shape, [batch, time]))) {
    throw new TensorError(
      `${operation}: mask must be bool [${batch},${time}] (batch, time), got ${mask.dtype} ${showShape(mask.shape)}`,
    );
  }
  const taken = mask ?? full([batch, time], 1, "bool");
  if (lengths === undefined) return taken;
  if (!isTensor(lengths)) checkList(operation, "lengths", lengths, "[4, 2]");
  const counts = isTensor(lengths) ? lengths : tensor(lengths, [lengths.length], { dtype: "i32" });
  if (counts.dtype !== "i32" || !sameShape(counts.shape, [batch])) {
    throw new TensorError(
      `${operation}: lengths must be i32 [${batch}], one for each row, got ${counts.dtype} ${showShape(counts.shape)}`,
    );
  }
  return select(less(reshape(iota([time]), [1, time]), reshape(counts, [batch, 1])), taken, full([], 0, "bool"));
}

/** The mean of `x` `[batch, time, ...]` over `axes`, of active steps only; NaN where there are none. */
export function meanOverSteps(x: Tensor, active: Tensor, axes: readonly number[]): Tensor {
  const lead = reshape(active, [...active.shape, ...x.shape.slice(2).map(() => 1)]);
  const total = sum(select(lead, x, 0), axes);
  const steps = sum(
    convert(lead, x.dtype),
    axes.filter((axis) => axis < 2),
    { keep: true },
  );
  const perStep = sizeOf(axes.filter((axis) => axis >= 2).map((axis) => x.shape[axis]!));
  const count = reshape(
    mul(steps, perStep),
    steps.shape.filter((_, axis) => !axes.includes(axis)),
  );
  return select(greater(count, 0), div(total, max(count, 1)), NaN);
}

/** Batch and time of a tensor `[batch, time, ...]`. */
export function batchAndTime(operation: string, x: Tensor, what: string): readonly [number, number] {
  checkTensor(operation, what, x);
  const [batch, time] = x.shape;
  if (batch !== undefined && time !== undefined) return [batch, time];
  throw new TensorError(`${operation}: expected ${what} [batch, time, ...], got ${showShape(x.shape)}`);
}

export function checkSteps(operation: string, given: object, own: readonly string[] = []): void {
  checkOptions(operation, given, [...stepOptions, ...own], stepAliases);
}
