import { TensorError } from "@sluice/tensor";
import { checkShape, sizeOf, shown } from "@sluice/tensor/internal";
import { drawNormalFromDiagonal } from "./draws.ts";
import type { Initializer } from "./initializer.ts";
import { orthonormalizeRows } from "./orthonormal-rows.ts";

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, uniform over all of them (Saxe et al. 2013,
 * arXiv:1312.6120). A matrix `[hidden, gates * hidden]` is orthogonal as a whole, as in Keras. It is computed in single
 * precision. The work grows with the longer side times the square of the shorter.
 */
export const orthogonal: Initializer = scaledOrthogonal(1);

/** {@link orthogonal} times `scale`. */
export function scaledOrthogonal(scale: number): Initializer {
  if (!(Math.abs(scale) < Infinity))
    throw new TensorError(`scaledOrthogonal: expected a finite scale, got ${shown(scale)}`);
  return (key, shape) => {
    checkShape("orthogonal", shape);
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape.slice(0, -1));
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    const vectors = drawNormalFromDiagonal(key, [count, length]).data;
    orthonormalizeRows(vectors, count, length);
    if (rows < columns && scale === 1) return { kind: "array", shape, dtype: "f64", data: vectors };
    const data = new Float64Array(rows * columns);
    const [across, down] = rows < columns ? [columns, 1] : [1, columns];
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < length; j++) data[i * across + j * down] = scale * vectors[i * length + j]!;
    }
    return { kind: "array", shape, dtype: "f64", data };
  };
}
