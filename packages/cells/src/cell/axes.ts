import { TensorError, transpose, type Tensor } from "@sluice/tensor";
import { describe } from "@sluice/tensor/internal";

/** The size of an axis; negative ones count from the end. */
export function axisSize(x: Tensor, axis: number): number {
  const size = x.shape.at(axis);
  if (size !== undefined) return size;
  throw new TensorError(`expected a tensor with an axis ${axis}, got ${describe(x)}`);
}

/** Of a tensor `[batch, time, ...]`. */
export function batchAndTime(x: Tensor): { readonly batch: number; readonly time: number } {
  return { batch: axisSize(x, 0), time: axisSize(x, 1) };
}

/** Swaps batch and time. */
export function swapTime(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
}
