import { full, sizeOf, type ArrayTensor } from "@sluice/tensor";
import type { Initialiser } from "./initialiser.ts";
import { normal } from "./random.ts";

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, uniform over all of them (Saxe et al. 2013, arXiv:1312.6120): the Q of a normal
 * matrix. A matrix `[hidden, gates * hidden]` is orthogonal as a whole, as in Keras.
 */
export const orthogonal: Initialiser = scaledOrthogonal(1);

/** {@link orthogonal} times `scale`. */
export function scaledOrthogonal(scale: number): Initialiser {
  return (key, shape, sizes) => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape.slice(0, -1));
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    const vectors = normal({ deviation: 1 })(key, [count, length], sizes);
    orthonormalise(vectors, count, length);
    const matrix = full(shape, 0, "f64");
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < length; j++) matrix.data[rows < columns ? i * columns + j : j * columns + i] = scale * vectors.data[i * length + j]!;
    }
    return matrix;
  };
}

/**
 * Modified Gram-Schmidt over the rows, each row twice: the second pass brings the products of rows down to rounding. The diagonal of R stays
 * positive, which makes Q uniform.
 */
function orthonormalise({ data }: ArrayTensor, count: number, length: number): void {
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let j = 0; j < length; j++) sum += data[a * length + j]! * data[b * length + j]!;
    return sum;
  };
  for (let i = 0; i < count; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const projection = dot(i, k);
        for (let j = 0; j < length; j++) data[i * length + j] = data[i * length + j]! - projection * data[k * length + j]!;
      }
    }
    const norm = Math.sqrt(dot(i, i));
    for (let j = 0; j < length; j++) data[i * length + j] = data[i * length + j]! / norm;
  }
}
