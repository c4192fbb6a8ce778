import { convert, describe, greater, sameShape, TensorError, transpose, type Tensor } from "@sluice/tensor";

/** A mask `[batch, time, variables]` as bool; float masks of 0 and 1 are taken too. */
export function observedOf(operation: string, mask: Tensor, like?: Tensor): Tensor {
  if (mask.shape.length !== 3 || (like !== undefined && !sameShape(mask.shape, like.shape))) {
    const expected = like === undefined ? "[batch, time, variables]" : `that of the values, ${describe(like)}`;
    throw new TensorError(`${operation}: the mask must have the shape ${expected}, got ${describe(mask)}`);
  }
  return mask.dtype === "bool" ? mask : greater(convert(mask, "f32"), 0.5);
}

export const swapTime = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);
