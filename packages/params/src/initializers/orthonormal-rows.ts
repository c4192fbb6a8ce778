import { type BlockProducts, blockProducts, CHUNK } from "./block-products.ts";

/** The number of reflections that are applied together. */
const PANEL = 64;

const roundedUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/**
 * Turns `count` rows of `length` standard normal numbers, count <= length, into orthonormal rows with a uniform
 * distribution: the Q of a normal matrix, without computing its QR decomposition. Reflection i takes a normal vector of
 * the last `length - i` coordinates to the first of them, and row i is `H_0 H_1 ... H_i e_i` (Stewart 1980, "The
 * efficient generation of random orthogonal matrices"), with the sign that makes the diagonal of R positive (Mezzadri
 * 2007, arXiv:math-ph/0609050). That is half the work of a decomposition. Reflections are applied in blocks of 64,
 * `H_j ... H_j+63 = I - V' T V` (Schreiber, Van Loan 1989). Applied to many rows, a block is three matrix products,
 * computed by `BlockProducts`.
 *
 * The matrices are in single precision, like weights: rows deviate from orthonormal by a few 1e-7. In double precision
 * an LSTM of 1,024 units would take twice as long to initialize. Every sum has a fixed order, so the bits are the same
 * everywhere.
 */
export function orthonormalizeRows(normals: Float64Array, count: number, length: number, make = blockProducts): void {
  const work = layOut(count, length, make);
  const { memory, stride } = work;
  for (let row = 0; row < count; row++)
    memory.set(normals.subarray(row * length, (row + 1) * length), work.rows + row * stride);
  const signs = new Float64Array(count);
  for (let first = Math.floor((count - 1) / PANEL) * PANEL; first >= 0; first -= PANEL) {
    const panel = { first, size: Math.min(PANEL, roundedUp(count - first, 8)) };
    takeReflections(work, panel, signs);
    joinReflections(work, panel);
    reflect(work, panel);
  }
  for (let row = 0; row < count; row++) {
    const sign = signs[row]!;
    const from = work.rows + row * stride;
    for (let j = 0; j < length; j++) normals[row * length + j] = sign * memory[from + j]!;
  }
}

/** Positions in the memory, counted in numbers. */
interface Work extends BlockProducts {
  readonly count: number;
  /** Rows of `length` numbers, padded with zeros to `stride`, and rows of zeros up to a multiple of 8. */
  readonly rows: number;
  readonly height: number;
  readonly stride: number;
  readonly length: number;
  /** The vectors V of the panel's reflections, by chunks of columns: `[chunk, size, CHUNK]`. */
  readonly vectors: number;
  /** The same vectors in groups of eight columns: `[columns / 8, size, 8]`. */
  readonly eights: number;
  /** Products of rows with the vectors, `[height, size]`. */
  readonly products: number;
  /** The factors of the vectors that are subtracted from the rows, `[height, size]`. */
  readonly shares: number;
  /** Products of the vectors with each other, `[size, size]`. */
  readonly squares: number;
  /** T, upper triangular, `[size, size]`. */
  readonly factors: number;
}

interface Panel {
  readonly first: number;
  readonly size: number;
}

function layOut(count: number, length: number, make: typeof blockProducts): Work {
  const height = roundedUp(count, 8);
  const stride = roundedUp(length, 8);
  const size = Math.min(PANEL, height);
  let total = 0;
  const place = (numbers: number): number => {
    total += numbers;
    return total - numbers;
  };
  const places = {
    rows: place(height * stride),
    vectors: place(size * stride),
    eights: place(size * stride),
    products: place(height * size),
    shares: place(height * size),
    squares: place(size * size),
    factors: place(size * size),
  };
  return { ...make(total, 4 * count * count * length), ...places, count, height, stride, length };
}

/** Calls `write` for each chunk of CHUNK columns, from `first` on, with the position of the vectors' chunk. */
function eachChunk(
  { stride, vectors, eights }: Work,
  { first, size }: Panel,
  write: (chunk: { column: number; width: number; vectors: number; eights: number }) => void,
): void {
  for (let column = first; column < stride; column += CHUNK) {
    const width = Math.min(CHUNK, stride - column);
    const before = (column - first) * size;
    write({ column, width, vectors: vectors + before, eights: eights + before });
  }
}

/**
 * Computes the vectors of the panel's reflections from its rows. The rows are then replaced by the unit vectors to
 * which the reflections will be applied. The diagonal of T is 2 divided by the vectors' squared lengths.
 */
function takeReflections(work: Work, panel: Panel, signs: Float64Array): void {
  const { memory, rows, stride, count, factors } = work;
  const { first, size } = panel;
  memory.fill(0, factors, factors + size * size);
  for (let p = 0; p < size && first + p < count; p++) {
    const row = rows + (first + p) * stride;
    memory.fill(0, row, row + first + p);
    const at = row + first + p;
    let tail = 0;
    for (let j = at + 1; j < row + stride; j++) tail += memory[j]! * memory[j]!;
    const x = memory[at]!;
    const norm = Math.sqrt(x * x + tail);
    // The sign that avoids cancellation.
    const head = Math.fround(x < 0 ? x - norm : x + norm);
    memory[at] = head;
    signs[first + p] = x < 0 ? 1 : -1;
    const square = tail + head * head;
    memory[factors + p * size + p] = square === 0 ? 0 : 2 / square;
  }
  eachChunk(work, panel, ({ column, width, vectors, eights }) => {
    for (let p = 0; p < size; p++) {
      const row = rows + (first + p) * stride + column;
      for (let j = 0; j < width; j++) {
        const value = memory[row + j]!;
        memory[vectors + p * width + j] = value;
        memory[eights + (j >> 3) * 8 * size + 8 * p + (j & 7)] = value;
      }
    }
  });
  for (let p = 0; p < size; p++) {
    const row = rows + (first + p) * stride;
    memory.fill(0, row, row + stride);
    if (first + p < count) memory[row + first + p] = 1;
  }
}

/** T from its diagonal: column p is `-t_pp T (V v_p)` above it. */
function joinReflections(work: Work, panel: Panel): void {
  const { memory, squares, factors, addProducts } = work;
  const { size } = panel;
  memory.fill(0, squares, squares + size * size);
  eachChunk(work, panel, ({ width, vectors }) => {
    for (let p = 0; p < size; p += 4) {
      const out = squares + p * size;
      addProducts({ x: vectors + p * width, xStride: width, y: vectors, yStride: width, size, width, out });
    }
  });
  for (let p = 1; p < size; p++) {
    for (let i = 0; i < p; i++) {
      let sum = 0;
      for (let l = i; l < p; l++) sum += memory[factors + i * size + l]! * memory[squares + l * size + p]!;
      memory[factors + i * size + p] = -memory[factors + p * size + p]! * sum;
    }
  }
}

/** Applies a panel to its rows and those below: `X <- X - (X V') T' V`. */
function reflect(work: Work, panel: Panel): void {
  const { memory, rows, stride, height, products, shares, factors, addProducts, subtractShares } = work;
  const { first, size } = panel;
  memory.fill(0, products, products + height * size);
  memory.fill(0, shares, shares + height * size);
  eachChunk(work, panel, ({ column, width, vectors }) => {
    for (let row = first; row < height; row += 4) {
      const x = rows + row * stride + column;
      addProducts({ x, xStride: stride, y: vectors, yStride: width, size, width, out: products + row * size });
    }
  });
  for (let row = first; row < height; row += 4) {
    const [x, out] = [products + row * size, shares + row * size];
    addProducts({ x, xStride: size, y: factors, yStride: size, size, width: size, out });
  }
  eachChunk(work, panel, ({ column, width, eights }) => {
    for (let row = first; row < height; row += 4)
      subtractShares({
        x: rows + row * stride + column,
        xStride: stride,
        shares: shares + row * size,
        eights,
        size,
        width,
      });
  });
}
