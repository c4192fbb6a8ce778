import { TensorError, type Tensor } from "@sluice/tensor";
import type { Eigenvalues } from "../dynamics/results.ts";
import { doubles, isBroken, squareMatricesOf } from "./batches.ts";
import { balance, householder, reflect, squareMatrix, toHessenberg, type SquareMatrix } from "./hessenberg.ts";

/**
 * The eigenvalues of real square matrices `[..., n, n]`, such as {@link stateJacobians}: real and imaginary parts, f64
 * `[..., n]`, the largest modulus first, and of a conjugate pair the one with the positive imaginary part first. NaN
 * for a matrix with an element that is not finite. Computed in f64 by balancing, Householder reflections and Francis's
 * double-shift QR steps (Golub and Van Loan, Matrix Computations, section 7.5), with the same bits in every engine.
 * Throws a TensorError if the operand is not a float tensor of square matrices.
 */
export function eigenvalues(x: Tensor): Eigenvalues {
  const { lead, rows: n, count, at } = squareMatricesOf("eigenvalues", x);
  const [real, imaginary] = [new Float64Array(count * n).fill(NaN), new Float64Array(count * n).fill(NaN)];
  for (let i = 0; i < count; i++) {
    const a = at(i);
    if (isBroken(a)) continue;
    eigenvaluesOf(a, n).forEach(({ re, im }, j) => {
      real[i * n + j] = re;
      imaginary[i * n + j] = im;
    });
  }
  return { real: doubles(real, [...lead, n]), imaginary: doubles(imaginary, [...lead, n]) };
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

/** The eigenvalues of one row-major matrix, which it changes. */
function eigenvaluesOf(values: Float64Array, n: number): Complex[] {
  const a = squareMatrix(values, n);
  balance(a);
  toHessenberg(a);
  const found: Complex[] = [];
  let high = n - 1;
  let steps = 0;
  while (high >= 0) {
    const low = blockStart(a, high);
    if (low === high) {
      found.push({ re: a.get(high, high), im: 0 });
    } else if (low === high - 1) {
      found.push(...pairOf(a, low));
    } else {
      if (++steps > mostSteps) throw new TensorError("eigenvalues: the QR steps did not converge for a matrix");
      francisStep(a, low, high, steps % 10 === 0);
      continue;
    }
    high = low - 1;
    steps = 0;
  }
  const modulus = ({ re, im }: Complex): number => Math.sqrt(re * re + im * im);
  return found.toSorted((p, q) => modulus(q) - modulus(p) || q.re - p.re || q.im - p.im);
}

/** QR steps for one eigenvalue or pair; two or three suffice for most. */
const mostSteps = 300;

/** The first row of the unreduced block that ends at row `high`. Sets the negligible element before it to 0. */
function blockStart(a: SquareMatrix, high: number): number {
  for (let low = high; low > 0; low--) {
    const around = Math.abs(a.get(low - 1, low - 1)) + Math.abs(a.get(low, low));
    const near = around === 0 ? Math.abs(a.get(low - 1, low)) : around;
    if (Math.abs(a.get(low, low - 1)) > Number.EPSILON * near) continue;
    a.set(low, low - 1, 0);
    return low;
  }
  return 0;
}

/** The eigenvalues of the 2 x 2 block at row `i`. */
function pairOf(a: SquareMatrix, i: number): [Complex, Complex] {
  const d = a.get(i + 1, i + 1);
  const half = (a.get(i, i) - d) / 2;
  const off = a.get(i, i + 1) * a.get(i + 1, i);
  const discriminant = half * half + off;
  if (discriminant < 0) {
    const im = Math.sqrt(-discriminant);
    return [
      { re: d + half, im },
      { re: d + half, im: -im },
    ];
  }
  const z = half + (half < 0 ? -Math.sqrt(discriminant) : Math.sqrt(discriminant));
  return [
    { re: d + z, im: 0 },
    { re: z === 0 ? d : d - off / z, im: 0 },
  ];
}

/** One double-shift QR step on the rows `low` to `high`. */
function francisStep(a: SquareMatrix, low: number, high: number, exceptional: boolean): void {
  const { get } = a;
  const { x, y, w } = shiftsOf(a, high, exceptional);
  const [h11, h21] = [get(low, low), get(low + 1, low)];
  // The first column of (H - s1)(H - s2) divided by h21, as differences, so that nothing cancels where the diagonal
  // hardly varies.
  const [p, q] = [x - h11, y - h11];
  let column = [(p * q - w) / h21 + get(low, low + 1), get(low + 1, low + 1) - h11 - p - q, get(low + 2, low + 1)];
  for (let k = low; k < high; k++) {
    const from = Math.max(low, k - 1);
    reflect(a, householder(column), { at: k, from, to: high + 1, above: Math.min(high, k + 3) + 1, top: low });
    for (let i = k + 1; k > low && i <= Math.min(high, k + 2); i++) a.set(i, k - 1, 0);
    column = [1, 2, 3].filter((i) => k + i <= high).map((i) => get(k + i, k));
  }
}

/** The shifts, as the eigenvalues of a matrix with the diagonal x, y and the product w of the other elements. */
function shiftsOf({ get }: SquareMatrix, high: number, exceptional: boolean) {
  const [x, y] = [get(high, high), get(high - 1, high - 1)];
  if (!exceptional) return { x, y, w: get(high - 1, high) * get(high, high - 1) };
  // Any other shifts break a cycle.
  const s = Math.abs(get(high, high - 1)) + Math.abs(get(high - 1, high - 2));
  return { x: x + 0.75 * s, y: x + 0.75 * s, w: -0.4375 * s * s };
}
