import { full, type ArrayTensor, type Shape } from "@sluice/tensor";
import type { Initializer } from "./initializer.ts";

/** Every element is `value`. */
export const constant =
  (value: number): Initializer =>
  (_, shape) =>
    full(shape, value, "f64");

/** Every element is 0. */
export const zeros: Initializer = constant(0);
/** Every element is 1. */
export const ones: Initializer = constant(1);

/**
 * The identity times `scale`, repeated for each gate of a matrix `[n, gates * n]`; elsewhere ones on the diagonal. With
 * relu it makes an IRNN (Le, Jaitly, Hinton 2015, arXiv:1504.00941).
 */
export function scaledIdentity(scale: number): Initializer {
  return (_, shape): ArrayTensor => {
    const matrix = full(shape, 0, "f64");
    const [rows, columns] = rowsAndColumns(shape);
    for (let i = 0; i < rows; i++) {
      for (let j = i; j < columns; j += rows) matrix.data[i * columns + j] = scale;
    }
    return matrix;
  };
}

/** {@link scaledIdentity} of 1. */
export const identity: Initializer = scaledIdentity(1);

function rowsAndColumns(shape: Shape): readonly [number, number] {
  const columns = shape.at(-1) ?? 1;
  return [shape.slice(0, -1).reduce((n, m) => n * m, 1), columns];
}
