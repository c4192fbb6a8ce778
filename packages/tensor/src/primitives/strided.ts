import type { Values } from "../dtype.ts";
import { sizeOf, type Shape } from "../shape.ts";

/** Copies a block of `shape` between two arrays, each walked by its own offset and strides (in elements). */
export function copyStrided(
  from: Values,
  fromOffset: number,
  fromStrides: readonly number[],
  to: Values,
  toOffset: number,
  toStrides: readonly number[],
  shape: Shape,
): void {
  const size = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  let source = fromOffset;
  let target = toOffset;
  for (let i = 0; i < size; i++) {
    to[target] = from[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += fromStrides[axis]!;
      target += toStrides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      source -= fromStrides[axis]! * shape[axis]!;
      target -= toStrides[axis]! * shape[axis]!;
    }
  }
}
