import type { ArrayTensor, Shape } from "@sluice/tensor";

/** The sizes of the cell or layer that a parameter belongs to. */
export interface Sizes {
  readonly input?: number;
  readonly hidden?: number;
}

/**
 * Initial values of a parameter, computed in f64 with the same bits on every machine. `sizes` are the sizes of the cell
 * or layer, for rules that need more than the shape.
 */
export type Initializer = (key: ArrayTensor, shape: Shape, sizes: Sizes) => ArrayTensor;

/**
 * Rows and columns of a matrix `[in, out]`. Further leading axes count as rows; a vector counts as a square matrix of
 * its length.
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const fanOut = shape.at(-1) ?? 1;
  if (shape.length < 2) return { fanIn: fanOut, fanOut };
  return { fanIn: shape.slice(0, -1).reduce((n, m) => n * m, 1), fanOut };
}
