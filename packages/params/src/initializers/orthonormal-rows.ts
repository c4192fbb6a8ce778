/** How many reflections are applied together. */
const PANEL = 16;

/**
 * Turns rows of standard normal numbers, `count` of `length`, count <= length, into orthonormal ones that are uniform
 * over all of them: the Q of a normal matrix, whose QR decomposition is never made. Reflection i takes a normal vector
 * of the last `length - i` coordinates to the first of them, and row i is `H_0 H_1 ... H_i e_i` (Stewart 1980, "The
 * efficient generation of random orthogonal matrices"), with the sign that makes the diagonal of R positive (Mezzadri
 * 2007, arXiv:math-ph/0609050). That is half the work of a decomposition. Reflections are applied 16 together, `H_j ...
 * H_j+15 = I - V' T V` (Schreiber, Van Loan 1989), so that each row is read once for all of them.
 *
 * `rows` holds an even number of rows; one behind the last, if there is, is left as it is. Every sum is taken in one
 * order, so the bits are the same everywhere.
 */
export function orthonormalizeRows(rows: Float64Array, count: number, length: number): void {
  const signs = new Float64Array(count);
  for (let first = Math.floor((count - 1) / PANEL) * PANEL; first >= 0; first -= PANEL) {
    const panel = reflectionsOf(rows, { first, count, length }, signs);
    for (let row = first; row < count; row += 2) reflectTwo(rows, row * length + first, length, panel);
  }
  for (let row = 0; row < count; row++) {
    const sign = signs[row]!;
    for (let i = row * length; i < (row + 1) * length; i++) rows[i] = sign * rows[i]!;
  }
}

interface Panel {
  /**
   * The vectors V `[16, length]` of the reflections, from the panel's first coordinate on; zeros where there are fewer.
   */
  readonly vectors: Float64Array;
  readonly length: number;
  /** T `[16, 16]`, upper triangular. */
  readonly factors: Float64Array;
}

/**
 * The reflections of the rows `first`, ... of a panel, in whose place the unit vectors are put that they will be
 * applied to.
 */
function reflectionsOf(
  rows: Float64Array,
  { first, count, length }: { readonly first: number; readonly count: number; readonly length: number },
  signs: Float64Array,
): Panel {
  const width = length - first;
  const vectors = new Float64Array(PANEL * width);
  const factors = new Float64Array(PANEL * PANEL);
  for (let p = 0; p < PANEL && first + p < count; p++) {
    const row = (first + p) * length;
    let tail = 0;
    for (let j = p + 1; j < width; j++) {
      const x = rows[row + first + j]!;
      vectors[p * width + j] = x;
      tail += x * x;
    }
    const x = rows[row + first + p]!;
    const norm = Math.sqrt(x * x + tail);
    // Away from x, so that nothing cancels.
    const head = x < 0 ? x - norm : x + norm;
    vectors[p * width + p] = head;
    signs[first + p] = x < 0 ? 1 : -1;
    factors[p * PANEL + p] = tail + head * head === 0 ? 0 : 2 / (tail + head * head);
    rows.fill(0, row, row + length);
    rows[row + first + p] = 1;
  }
  joinFactors(vectors, width, factors);
  return { vectors, length: width, factors };
}

/** T from its diagonal: column p is `-t_pp T (V v_p)` above it. */
function joinFactors(vectors: Float64Array, width: number, factors: Float64Array): void {
  for (let p = 1; p < PANEL; p++) {
    const products = Array.from({ length: p }, (_, i) => {
      let sum = 0;
      for (let j = p; j < width; j++) sum += vectors[i * width + j]! * vectors[p * width + j]!;
      return sum;
    });
    for (let i = 0; i < p; i++) {
      let sum = 0;
      for (let l = i; l < p; l++) sum += factors[i * PANEL + l]! * products[l]!;
      factors[i * PANEL + p] = -factors[p * PANEL + p]! * sum;
    }
  }
}

/** Applies a panel to two rows, which begin at `at` and `at + stride`: `x <- x - V' T V x`. */
function reflectTwo(rows: Float64Array, at: number, stride: number, { vectors, length, factors }: Panel): void {
  const products = new Float64Array(2 * PANEL);
  for (let p = 0; p < PANEL; p += 4) multiplyFour(rows, at, stride, vectors, p, length, products);
  const shares = new Float64Array(2 * PANEL);
  for (let i = 0; i < PANEL; i++) {
    for (let j = i; j < PANEL; j++) {
      const factor = factors[i * PANEL + j]!;
      shares[i] = shares[i]! + factor * products[j]!;
      shares[PANEL + i] = shares[PANEL + i]! + factor * products[PANEL + j]!;
    }
  }
  for (let p = 0; p < PANEL; p += 4) subtractFour(rows, at, stride, vectors, p, length, shares);
}

/**
 * Products of two rows with the vectors p to p + 3. Plain variables, and no lists of them: so they stay in registers.
 */
function multiplyFour(
  rows: Float64Array,
  at: number,
  stride: number,
  vectors: Float64Array,
  p: number,
  length: number,
  products: Float64Array,
): void {
  const second = at + stride;
  const v0 = p * length;
  const v1 = v0 + length;
  const v2 = v1 + length;
  const v3 = v2 + length;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let j = 0; j < length; j++) {
    const x = rows[at + j]!;
    const y = rows[second + j]!;
    const w0 = vectors[v0 + j]!;
    const w1 = vectors[v1 + j]!;
    const w2 = vectors[v2 + j]!;
    const w3 = vectors[v3 + j]!;
    a0 += x * w0;
    b0 += y * w0;
    a1 += x * w1;
    b1 += y * w1;
    a2 += x * w2;
    b2 += y * w2;
    a3 += x * w3;
    b3 += y * w3;
  }
  products.set([a0, a1, a2, a3], p);
  products.set([b0, b1, b2, b3], PANEL + p);
}

/** Takes the shares of the vectors p to p + 3 from two rows. */
function subtractFour(
  rows: Float64Array,
  at: number,
  stride: number,
  vectors: Float64Array,
  p: number,
  length: number,
  shares: Float64Array,
): void {
  const second = at + stride;
  const v0 = p * length;
  const v1 = v0 + length;
  const v2 = v1 + length;
  const v3 = v2 + length;
  const a0 = shares[p]!;
  const a1 = shares[p + 1]!;
  const a2 = shares[p + 2]!;
  const a3 = shares[p + 3]!;
  const b0 = shares[PANEL + p]!;
  const b1 = shares[PANEL + p + 1]!;
  const b2 = shares[PANEL + p + 2]!;
  const b3 = shares[PANEL + p + 3]!;
  for (let j = 0; j < length; j++) {
    const w0 = vectors[v0 + j]!;
    const w1 = vectors[v1 + j]!;
    const w2 = vectors[v2 + j]!;
    const w3 = vectors[v3 + j]!;
    rows[at + j] = rows[at + j]! - (w0 * a0 + w1 * a1 + (w2 * a2 + w3 * a3));
    rows[second + j] = rows[second + j]! - (w0 * b0 + w1 * b1 + (w2 * b2 + w3 * b3));
  }
}
