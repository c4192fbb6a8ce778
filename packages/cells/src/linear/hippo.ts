/** The normal part of HiPPO-LegS, and its eigenvectors: plain numbers, by additions, products and roots alone. */

/** A complex matrix, row by row. */
interface ComplexMatrix {
  readonly size: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Eigenvalues -1/2 + i frequency with frequency > 0, ascending, and their eigenvectors: the first columns of V. */
export interface HippoNormal {
  readonly frequencies: readonly number[];
  readonly V: ComplexMatrix;
}

/**
 * HiPPO-N (Gu et al. 2022, arXiv:2206.11893; Smith et al. 2023, arXiv:2208.04933):
 *
 *     A_nk = -sqrt((n + 1/2) (k + 1/2)) for n > k,  -1/2 for n = k,  sqrt((n + 1/2) (k + 1/2)) for n < k
 *
 * A + 1/2 is skew-symmetric, so -i (A + 1/2) is Hermitian. Its eigenvalues are the imaginary parts of A's, and come in
 * pairs of opposite sign; V is unitary. `size` is even. About 10 `size`^3 steps of a few operations.
 */
export function hippoNormal(size: number): HippoNormal {
  const H: ComplexMatrix = { size, re: new Float64Array(size * size), im: new Float64Array(size * size) };
  for (let n = 0; n < size; n++) {
    for (let k = 0; k < n; k++) {
      const root = Math.sqrt((n + 0.5) * (k + 0.5));
      H.im[n * size + k] = root;
      H.im[k * size + n] = -root;
    }
  }
  const { values, vectors } = eigenOfHermitian(H);
  const order = values.map((_, i) => i).toSorted((a, b) => at(values, a) - at(values, b));
  const kept = order.slice(size / 2);
  const V: ComplexMatrix = { size, re: new Float64Array(size * size), im: new Float64Array(size * size) };
  [...kept, ...order.slice(0, size / 2)].forEach((from, to) => {
    for (let row = 0; row < size; row++) {
      V.re[row * size + to] = at(vectors.re, row * size + from);
      V.im[row * size + to] = at(vectors.im, row * size + from);
    }
  });
  return { frequencies: kept.map((i) => at(values, i)), V };
}

/** How often all pairs are turned at most; Jacobi's method needs fewer than ten. */
const SWEEPS = 60;

/**
 * Eigenvalues and a unitary matrix of eigenvectors, in columns, by Jacobi's method: each turn of two columns makes the
 * element where they meet zero (Golub and Van Loan, "Matrix Computations").
 */
function eigenOfHermitian(H: ComplexMatrix): { readonly values: readonly number[]; readonly vectors: ComplexMatrix } {
  const { size } = H;
  const vectors: ComplexMatrix = { size, re: new Float64Array(size * size), im: new Float64Array(size * size) };
  for (let n = 0; n < size; n++) vectors.re[n * size + n] = 1;
  const whole = squares(H, () => true);
  for (let sweep = 0; sweep < SWEEPS && squares(H, (n, k) => n !== k) > 1e-32 * whole; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) turn(H, vectors, p, q);
    }
  }
  return { values: Array.from({ length: size }, (_, n) => at(H.re, n * size + n)), vectors };
}

function turn(H: ComplexMatrix, vectors: ComplexMatrix, p: number, q: number): void {
  const { size } = H;
  const [re, im] = [at(H.re, p * size + q), at(H.im, p * size + q)];
  const r = Math.sqrt(re * re + im * im);
  if (r === 0) return;
  const tau = (at(H.re, q * size + q) - at(H.re, p * size + p)) / (2 * r);
  const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = { re: (t * c * re) / r, im: (t * c * im) / r };
  const conjugate = { re: s.re, im: -s.im };
  for (let n = 0; n < size; n++) turnPair(H, n * size + p, n * size + q, c, s);
  for (let n = 0; n < size; n++) turnPair(H, p * size + n, q * size + n, c, conjugate);
  for (let n = 0; n < size; n++) turnPair(vectors, n * size + p, n * size + q, c, s);
}

/** The elements i and j become c x_i - conj(s) x_j and s x_i + c x_j. */
function turnPair(
  { re, im }: ComplexMatrix,
  i: number,
  j: number,
  c: number,
  s: { readonly re: number; readonly im: number },
): void {
  const [iRe, iIm, jRe, jIm] = [at(re, i), at(im, i), at(re, j), at(im, j)];
  re[i] = c * iRe - (s.re * jRe + s.im * jIm);
  im[i] = c * iIm - (s.re * jIm - s.im * jRe);
  re[j] = s.re * iRe - s.im * iIm + c * jRe;
  im[j] = s.re * iIm + s.im * iRe + c * jIm;
}

/** The sum of the squared sizes of the elements that are counted. */
function squares({ size, re, im }: ComplexMatrix, counted: (row: number, column: number) => boolean): number {
  let total = 0;
  for (let i = 0; i < re.length; i++) {
    if (counted(Math.floor(i / size), i % size)) total += at(re, i) * at(re, i) + at(im, i) * at(im, i);
  }
  return total;
}

const at = (values: ArrayLike<number>, i: number): number => values[i] ?? NaN;
