/** Which steps are looked at: lengths, rows that are present, masks and resets. */
import {
  and,
  full,
  iota,
  isTensor,
  less,
  pad,
  reshape,
  select,
  sliceAxis,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkList, checkTensor, isFloat, sameShape, showShape, zeroBeyond } from "@sluice/tensor/internal";
import { axisSize, batchAndTime, swapTime } from "../cell/axes.ts";
import type { ApplyOptions, BatchSize } from "./layer.ts";

function lengthsOf(
  name: string,
  given: Tensor | readonly number[] | undefined,
  { batch, time }: BatchSize,
): Tensor | undefined {
  if (given === undefined) return undefined;
  if (!isTensor(given)) checkList(name, "lengths", given, "[4, 2]");
  const values = isTensor(given) ? (given.kind === "array" ? [...given.data] : []) : given;
  const wrong = values.find((n) => !Number.isInteger(n) || n < 0 || n > time);
  if (wrong !== undefined && (!isTensor(given) || given.dtype === "i32"))
    throw new TensorError(
      `${name}: lengths must be integers from 0 to ${time}, the number of steps, got ${values.join(", ")}`,
    );
  const lengths = isTensor(given) ? given : tensor(given, [given.length], { dtype: "i32" });
  if (lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch])) {
    throw new TensorError(
      `${name}: lengths must be i32 [${batch}], one for each row, got ${lengths.dtype} ${showShape(lengths.shape)}`,
    );
  }
  return lengths;
}

/** The number of steps of each row, 0 for a row that is not present. Undefined if every row has all steps. */
export function stepsOf(
  name: string,
  { lengths: given, present }: Pick<ApplyOptions, "lengths" | "present">,
  size: BatchSize,
): Tensor | undefined {
  const lengths = lengthsOf(name, given, size);
  if (present === undefined) return lengths;
  checkTensor(name, "present", present);
  if (present.dtype !== "bool" || !sameShape(present.shape, [size.batch])) {
    throw new TensorError(
      `${name}: present must be bool [${size.batch}], one for each row, got ${present.dtype} ${showShape(present.shape)}`,
    );
  }
  return select(present, lengths ?? full([size.batch], size.time, "i32"), 0);
}

/** Which steps of a loop are taken, time first. */
interface LookedAt {
  /** i32 `[batch]`, if the loop itself applies the lengths. */
  readonly lengths: Tensor | undefined;
  /** bool `[time, batch]`, if the layer applies the mask. */
  readonly mask: Tensor | undefined;
  /** bool `[time, batch]`: the part of the mask that comes from the lengths; undefined if none does. */
  readonly within: Tensor | undefined;
}

/**
 * The steps that `apply` takes. If a step treats its rows `together`, the lengths become part of the mask: a loop with
 * lengths may leave out rows, and can only output tensors that have a row for each example.
 */
export function lookedAtOf(
  name: string,
  given: Pick<ApplyOptions, "lengths" | "present" | "mask">,
  size: BatchSize,
  { together }: { readonly together: boolean },
): LookedAt {
  const lengths = stepsOf(name, given, size);
  const mask = given.mask === undefined ? undefined : swapTime(flagsOf(name, "mask", given.mask, size));
  if (lengths === undefined || !together) return { lengths, mask, within: undefined };
  const within = less(reshape(iota([size.time]), [size.time, 1]), reshape(lengths, [1, size.batch]));
  return { lengths: undefined, mask: mask === undefined ? within : and(mask, within), within };
}

/** `x` `[batch, time, ...]` with zeros at the steps that are not taken. */
export function lookedAt(name: string, x: Tensor, given: Pick<ApplyOptions, "lengths" | "present" | "mask">): Tensor {
  const size = batchAndTime(x);
  const lengths = stepsOf(name, given, size);
  const within = lengths === undefined ? x : zeroBeyond(x, lengths, { batch: 0, time: 1 });
  return given.mask === undefined ? within : whereMasked(flagsOf(name, "mask", given.mask, size), within);
}

/**
 * `x` where the mask over its first two axes is true, and zeros elsewhere. Integers and bools are unchanged: they have
 * no NaN and no gradient.
 */
export function whereMasked(mask: Tensor, x: Tensor): Tensor {
  return isFloat(x.dtype) ? select(reshape(mask, [...mask.shape, ...x.shape.slice(2).map(() => 1)]), x, 0) : x;
}

export function flagsOf(name: string, option: string, given: Tensor, { batch, time }: BatchSize): Tensor {
  checkTensor(name, option, given);
  if (given.dtype === "bool" && sameShape(given.shape, [batch, time])) return given;
  throw new TensorError(
    `${name}: ${option} must be bool [${batch},${time}] (batch, time), got ${given.dtype} ${showShape(given.shape)}`,
  );
}

/**
 * Where a sequence begins, in the order in which steps are taken. Forwards this is the marked step. Backwards it is the
 * step before the next mark, so that the same marks separate the same sequences in both directions.
 */
export function startsOf(resets: Tensor, { reverse }: { readonly reverse: boolean }): Tensor {
  const time = axisSize(resets, 1);
  if (!reverse || time === 0) return resets;
  return pad(sliceAxis(resets, 1, 1, time), [0, 0], [0, 1]);
}
