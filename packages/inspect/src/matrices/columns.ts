/** Matrices as lists of columns in f64. Sums have a fixed order, so the bits are the same in every engine. */
import { nth } from "@sluice/tensor/internal";

/** A matrix as a list of its columns, all of one length. */
export type Columns = readonly Float64Array[];

/**
 * The sum of products, in four sums that processors take at once. Elements are read with `?? NaN` here and below: a
 * function that checks them is shared by the whole program and takes ten times as long.
 */
export function dot(a: Float64Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    first += (a[i] ?? NaN) * (b[i] ?? NaN);
    second += (a[i + 1] ?? NaN) * (b[i + 1] ?? NaN);
    third += (a[i + 2] ?? NaN) * (b[i + 2] ?? NaN);
    fourth += (a[i + 3] ?? NaN) * (b[i + 3] ?? NaN);
  }
  for (let i = whole; i < a.length; i++) first += (a[i] ?? NaN) * (b[i] ?? NaN);
  return first + second + (third + fourth);
}

/** The mean of a column; 0 of an empty one. */
export function meanOf(column: Float64Array): number {
  return column.length === 0 ? 0 : column.reduce((a, b) => a + b, 0) / column.length;
}

/** Every column minus its mean; exactly 0 where all values are equal. */
export function centered(columns: Columns): Columns {
  return columns.map((column) => {
    const [first] = column;
    const mean = column.every((value) => value === first) ? (first ?? 0) : meanOf(column);
    return column.map((value) => value - mean);
  });
}

/** The columns of A^T B. */
export function transposeTimes(a: Columns, b: Columns): Columns {
  return b.map((right) => Float64Array.from(a, (left) => dot(left, right)));
}

/** The columns of A^T A. */
export function gram(a: Columns): Columns {
  const out = a.map(() => new Float64Array(a.length));
  a.forEach((left, i) => {
    for (let j = 0; j <= i; j++) nth(out, i)[j] = nth(out, j)[i] = dot(left, nth(a, j));
  });
  return out;
}

/** The square of the Frobenius norm. */
export function squareSum(columns: Columns): number {
  return columns.reduce((total, column) => total + dot(column, column), 0);
}
