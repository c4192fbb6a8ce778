import { nth } from "@sluice/tensor/internal";

/**
 * The slopes at its knots of the natural cubic spline through points `(times[i], values[i])`, of which there are at
 * least two, with increasing times. The second derivative of the spline is continuous, and 0 at both ends:
 *
 *     k_{i-1} / h_{i-1} + 2 k_i (1 / h_{i-1} + 1 / h_i) + k_{i+1} / h_i
 *       = 3 ((x_i - x_{i-1}) / h_{i-1}^2 + (x_{i+1} - x_i) / h_i^2),             h_i = t_{i+1} - t_i
 *
 * with the terms of the one neighbor only at an end. The system is tridiagonal and diagonally dominant, so that Gauss's
 * elimination needs no pivots.
 */
export function naturalCubicSlopes(times: ArrayLike<number>, values: ArrayLike<number>): Float64Array {
  const n = times.length;
  const inverse = Float64Array.from({ length: n - 1 }, (_, i) => 1 / (nth(times, i + 1) - nth(times, i)));
  const rise = Float64Array.from(
    { length: n - 1 },
    (_, i) => 3 * (nth(values, i + 1) - nth(values, i)) * nth(inverse, i) * nth(inverse, i),
  );
  const diagonal = new Float64Array(n);
  const slopes = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [before, after] = [inverse[i - 1] ?? 0, inverse[i] ?? 0];
    const eliminated = i === 0 ? 0 : before / nth(diagonal, i - 1);
    diagonal[i] = 2 * (before + after) - eliminated * before;
    slopes[i] = (rise[i - 1] ?? 0) + (rise[i] ?? 0) - eliminated * (slopes[i - 1] ?? 0);
  }
  for (let i = n - 1; i >= 0; i--)
    slopes[i] = (nth(slopes, i) - (inverse[i] ?? 0) * (slopes[i + 1] ?? 0)) / nth(diagonal, i);
  return slopes;
}

/** A piece of a path of one channel: `a + (b + (twoC / 2 + threeD s / 3) s) s` a time s after its first knot. */
export interface CubicPiece {
  readonly a: number;
  readonly b: number;
  readonly twoC: number;
  readonly threeD: number;
}

/** The piece of width h from x with slope k to y with slope l. */
export function cubicPiece(
  h: number,
  [x, k]: readonly [number, number],
  [y, l]: readonly [number, number],
): CubicPiece {
  const rise = (y - x) / h;
  return { a: x, b: k, twoC: (6 * rise - 4 * k - 2 * l) / h, threeD: (3 * (k + l) - 6 * rise) / (h * h) };
}

/** The value of a piece a time s after its first knot. */
export const cubicValue = ({ a, b, twoC, threeD }: CubicPiece, s: number): number =>
  a + (b + (twoC / 2 + (threeD * s) / 3) * s) * s;

/** The same piece, of which the first knot is a time s later. */
export const cubicPieceFrom = (piece: CubicPiece, s: number): CubicPiece => ({
  a: cubicValue(piece, s),
  b: piece.b + (piece.twoC + piece.threeD * s) * s,
  twoC: piece.twoC + 2 * piece.threeD * s,
  threeD: piece.threeD,
});
