import { convert, greater, TensorError, transpose, type Tensor, type Values } from "@sluice/tensor";
import { checkTensor, describe, sameShape } from "@sluice/tensor/internal";

/** A mask `[batch, time, variables]` as bool. Float masks of 0 and 1 are accepted too. */
export function observedOf(operation: string, mask: Tensor, like?: Tensor): Tensor {
  checkTensor(operation, "the mask", mask);
  if (mask.shape.length !== 3 || (like !== undefined && !sameShape(mask.shape, like.shape))) {
    const expected = like === undefined ? "[batch, time, variables]" : `that of the values, ${describe(like)}`;
    throw new TensorError(`${operation}: the mask must have the shape ${expected}, got ${describe(mask)}`);
  }
  return mask.dtype === "bool" ? mask : greater(convert(mask, "f32"), 0.5);
}

export const swapTime = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);

/**
 * Throws if an elapsed time is negative or not finite. `placeOf(i)` describes the position of value i for the error, or
 * is undefined if value i is not used.
 */
export function checkElapsed(operation: string, data: Values, placeOf: (i: number) => string | undefined): void {
  const wrong = data.findIndex((value, i) => !(value >= 0 && value < Infinity) && placeOf(i) !== undefined);
  if (wrong < 0) return;
  throw new TensorError(
    `${operation}: elapsed must be the time since the previous step, finite and >= 0, got ${data[wrong]} ${placeOf(wrong)}; sort the steps of each sequence by time`,
  );
}
