import {
  and,
  convert,
  div,
  equal,
  iota,
  less,
  mul,
  not,
  reshape,
  scalar,
  select,
  sum,
  TensorError,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import { broadcastShapes, checkTensor, describe, sameShape, shown } from "@sluice/tensor/internal";

/** `mean` is the weighted mean over the elements that the mask keeps; `none` returns every element's loss. */
export type Reduction = "mean" | "sum" | "none";

/** Options of every loss. */
export interface LossOptions {
  /**
   * Which elements count: bool, or float weights >= 0, over the leading axes of the losses, such as `[batch]` or
   * `[batch, time]` for a sequence, or over all axes. A masked element contributes neither value nor gradient, whatever
   * its prediction is.
   */
  readonly mask?: Tensor;
  /**
   * For sequences `[batch, time, ...]`, the steps of each row, i32 `[batch]`. Later steps do not count, as if they were
   * masked. A backend that skips steps beyond the lengths can then skip their predictions too.
   */
  readonly lengths?: Tensor;
  /** Default mean: `sum(mask loss) / sum(mask)`; 0 if the mask keeps nothing. */
  readonly reduction?: Reduction;
}

export const lossOptions = ["mask", "lengths", "reduction"];

/**
 * Which losses of shape `shape` count, by mask and lengths, as weights over the leading axes, followed by axes of
 * length 1.
 */
export function maskOver(
  operation: string,
  { mask, lengths }: Pick<LossOptions, "mask" | "lengths">,
  shape: Shape,
  dtype: Tensor["dtype"],
): Tensor | undefined {
  const given = mask && weightsOf(operation, mask, shape, dtype);
  if (lengths === undefined) return given;
  checkTensor(operation, "lengths", lengths);
  const [batch, time] = shape;
  if (batch === undefined || time === undefined || lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch])) {
    throw new TensorError(
      `${operation}: lengths must be i32 [batch] of losses [batch, time, ...], got ${lengths.dtype} ${describe(lengths)} for losses [${shape.join(",")}]`,
    );
  }
  const before = reshape(less(iota([time]), reshape(lengths, [batch, 1])), [
    batch,
    time,
    ...shape.slice(2).map(() => 1),
  ]);
  return given === undefined ? convert(before, dtype) : select(before, given, 0);
}

function weightsOf(operation: string, mask: Tensor, shape: Shape, dtype: Tensor["dtype"]): Tensor {
  checkTensor(operation, "the mask", mask);
  const leading = mask.shape.length <= shape.length && mask.shape.every((n, axis) => n === shape[axis] || n === 1);
  if (!leading) {
    throw new TensorError(
      `${operation}: the mask ${describe(mask)} must have the leading axes of the losses [${shape.join(",")}], such as [batch] or [batch, time]`,
    );
  }
  return reshape(convert(mask, dtype), [...mask.shape, ...shape.slice(mask.shape.length).map(() => 1)]);
}

/**
 * `x` if the mask is not 0, and 0 elsewhere. It is applied before a loss is computed, so that a NaN at a masked element
 * cannot reach a gradient as 0 times NaN.
 */
export function keepWhere(mask: Tensor | undefined, x: Tensor): Tensor {
  return mask === undefined ? x : select(not(equal(mask, 0)), x, 0);
}

/** `weights * losses`, where an infinite loss with weight 0 gives 0: 0 log 0 is 0. */
export function weigh(weights: Tensor, losses: Tensor): Tensor {
  return mul(weights, select(and(equal(weights, 0), equal(losses, Infinity)), 0, losses));
}

/** Combines losses. `weights` multiply them; `counts` is the divisor of a mean (1 per element if absent). */
export function reduceLosses(
  operation: string,
  losses: Tensor,
  reduction: Reduction,
  { mask, counts }: { readonly mask?: Tensor | undefined; readonly counts?: Tensor | undefined } = {},
): Tensor {
  if (!["mean", "sum", "none"].includes(reduction))
    throw new TensorError(`${operation}: expected the reduction mean, sum or none, got ${shown(reduction)}`);
  const weighted = mask === undefined ? losses : mul(losses, mask);
  if (reduction === "none") return weighted;
  const total = totalOf(weighted);
  if (reduction === "sum") return total;
  const per = counts === undefined ? mask : mask === undefined ? counts : mul(counts, mask);
  const elements = losses.shape.reduce((size, n) => size * n, 1);
  if (per === undefined) return div(total, Math.max(elements, 1));
  const repeats =
    elements /
    Math.max(
      per.shape.reduce((size, n) => size * n, 1),
      1,
    );
  const divisor = mul(sum(per), repeats);
  return div(total, select(equal(divisor, 0), scalar(1, divisor.dtype), divisor));
}

/**
 * Sums losses `[batch, time, ...]` per step over the rows first, and then over the steps. Steps that do not count can
 * then be skipped. In one sum over all elements that would change the positions of the others in its order.
 */
function totalOf(losses: Tensor): Tensor {
  const [batch, time, ...inner] = losses.shape;
  if (batch === undefined || time === undefined) return sum(losses);
  const ofSteps =
    inner.length === 0
      ? losses
      : sum(
          losses,
          inner.map((_, axis) => axis + 2),
        );
  return reshape(sum(reshape(ofSteps, [batch * time, 1]), 0), []);
}

export function checkSameShape(operation: string, prediction: Tensor, target: Tensor): void {
  checkTensor(operation, "the prediction", prediction);
  checkTensor(operation, "the target", target);
  if (sameShape(prediction.shape, target.shape)) return;
  throw new TensorError(
    `${operation}: prediction ${describe(prediction)} and target ${describe(target)} must have the same shape`,
  );
}

export function checkBroadcasts(operation: string, name: string, x: Tensor, shape: Shape): void {
  const wide = broadcastShapes(x.shape, shape);
  if (wide !== undefined && sameShape(wide, shape)) return;
  throw new TensorError(`${operation}: ${name} ${describe(x)} does not stretch to [${shape.join(",")}]`);
}

/** The remedy for a target of class indices that is not i32. */
export function asIndices(target: Tensor, rows: Shape): string {
  return target.dtype !== "i32" && sameShape(target.shape, rows)
    ? `; make class indices with tensor(values, shape, { dtype: "i32" }) or convert(target, "i32")`
    : "";
}
