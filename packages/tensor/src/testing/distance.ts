import { nth } from "../lists.ts";
import { showShape } from "../shape.ts";
import { valuesOf, type Tensor } from "../tensor.ts";

/**
 * How far results are from the expected ones: the largest difference divided by the tensor's largest value. Integers,
 * bools and the positions of non-finite values must be equal; otherwise it throws an error that says where they differ.
 */
export function distance(actual: Tensor, expected: Tensor): number {
  if (actual.dtype !== expected.dtype || showShape(actual.shape) !== showShape(expected.shape)) {
    throw new Error(
      `${actual.dtype} ${showShape(actual.shape)} instead of ${expected.dtype} ${showShape(expected.shape)}`,
    );
  }
  const [a, b] = [valuesOf(actual), valuesOf(expected)];
  let largest = 0;
  let furthest = 0;
  for (const [i, y] of b.entries()) {
    const x = nth(a, i);
    if (expected.dtype !== "f32" || !Number.isFinite(y)) {
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
      throw new Error(`element ${i} of ${showShape(expected.shape)} is ${x}, expected ${y}`);
    }
    if (!Number.isFinite(x)) throw new Error(`element ${i} of ${showShape(expected.shape)} is ${x}, expected ${y}`);
    largest = Math.max(largest, Math.abs(y));
    furthest = Math.max(furthest, Math.abs(x - y));
  }
  // Values below the smallest normal float may be flushed to 0.
  return furthest / Math.max(largest, 1e-30);
}
