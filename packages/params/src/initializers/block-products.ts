import { compiledProducts } from "./compiled-products.ts";

/** Columns that are worked on together, so that the vectors' parts stay in a near cache. */
export const CHUNK = 256;

/** All places and strides are in numbers, not in bytes. */
interface AddProducts {
  /** Four rows of `width`. */
  readonly x: number;
  readonly xStride: number;
  /** `size` rows of `width`. */
  readonly y: number;
  readonly yStride: number;
  /** A multiple of 4. */
  readonly size: number;
  /** A multiple of 4. */
  readonly width: number;
  /** `[4, size]`, one behind the other. */
  readonly out: number;
}

interface SubtractShares {
  /** Four rows of `width`, which are changed. */
  readonly x: number;
  readonly xStride: number;
  /** `[4, size]`, one behind the other. */
  readonly shares: number;
  /** `[width / 4, size, 4]`. */
  readonly fours: number;
  readonly size: number;
  readonly width: number;
}

/** A memory of numbers, and the two products over it that an orthogonal matrix is made with. */
export interface BlockProducts {
  readonly memory: Float64Array;
  /** `out += x y'`: of each product, the terms of even columns are added up, and those of odd ones, then the two. */
  addProducts(of: AddProducts): void;
  /** `x -= shares y`, one row of y after the other. */
  subtractShares(of: SubtractShares): void;
}

/** Below this many operations, about 2 ms of plain JavaScript, a WebAssembly memory of its own is not made. */
const WORTH_COMPILING = 5_000_000;

/** A memory of `numbers` zeros; in WebAssembly if there is that, and the work is worth it. The bits are the same. */
export function blockProducts(numbers: number, operations: number): BlockProducts {
  return (operations < WORTH_COMPILING ? undefined : compiledProducts(numbers)) ?? plainProducts(numbers);
}

/** In plain JavaScript. */
export function plainProducts(numbers: number): BlockProducts {
  const memory = new Float64Array(numbers);
  return {
    memory,
    addProducts({ x, xStride, y, yStride, size, width, out }) {
      for (let row = 0; row < 4; row += 2) {
        for (let p = 0; p < size; p += 2)
          addFour(memory, x + row * xStride, xStride, y + p * yStride, yStride, width, out + row * size + p, size);
      }
    },
    subtractShares({ x, xStride, shares, fours, size, width }) {
      for (let j = 0; j < width; j += 4) {
        for (let row = 0; row < 4; row += 2) {
          const from = x + row * xStride + j;
          subtractFromEight(memory, from, xStride, shares + row * size, fours + j * size, size);
        }
      }
    },
  };
}

/** Products of two rows with two others. Plain variables, and no lists of them: so they stay in registers. */
function addFour(
  memory: Float64Array,
  x: number,
  xStride: number,
  y: number,
  yStride: number,
  width: number,
  out: number,
  outStride: number,
): void {
  let even00 = 0;
  let even01 = 0;
  let even10 = 0;
  let even11 = 0;
  let odd00 = 0;
  let odd01 = 0;
  let odd10 = 0;
  let odd11 = 0;
  for (let j = 0; j < width; j += 2) {
    const a0 = memory[x + j]!;
    const a1 = memory[x + xStride + j]!;
    const b0 = memory[y + j]!;
    const b1 = memory[y + yStride + j]!;
    even00 += a0 * b0;
    even01 += a0 * b1;
    even10 += a1 * b0;
    even11 += a1 * b1;
    const c0 = memory[x + j + 1]!;
    const c1 = memory[x + xStride + j + 1]!;
    const d0 = memory[y + j + 1]!;
    const d1 = memory[y + yStride + j + 1]!;
    odd00 += c0 * d0;
    odd01 += c0 * d1;
    odd10 += c1 * d0;
    odd11 += c1 * d1;
  }
  memory[out] = memory[out]! + (even00 + odd00);
  memory[out + 1] = memory[out + 1]! + (even01 + odd01);
  memory[out + outStride] = memory[out + outStride]! + (even10 + odd10);
  memory[out + outStride + 1] = memory[out + outStride + 1]! + (even11 + odd11);
}

function subtractFromEight(
  memory: Float64Array,
  x: number,
  xStride: number,
  shares: number,
  fours: number,
  size: number,
): void {
  const y = x + xStride;
  let x0 = memory[x]!;
  let x1 = memory[x + 1]!;
  let x2 = memory[x + 2]!;
  let x3 = memory[x + 3]!;
  let y0 = memory[y]!;
  let y1 = memory[y + 1]!;
  let y2 = memory[y + 2]!;
  let y3 = memory[y + 3]!;
  for (let p = 0; p < size; p++) {
    const a = memory[shares + p]!;
    const b = memory[shares + size + p]!;
    const at = fours + 4 * p;
    x0 -= a * memory[at]!;
    x1 -= a * memory[at + 1]!;
    x2 -= a * memory[at + 2]!;
    x3 -= a * memory[at + 3]!;
    y0 -= b * memory[at]!;
    y1 -= b * memory[at + 1]!;
    y2 -= b * memory[at + 2]!;
    y3 -= b * memory[at + 3]!;
  }
  memory[x] = x0;
  memory[x + 1] = x1;
  memory[x + 2] = x2;
  memory[x + 3] = x3;
  memory[y] = y0;
  memory[y + 1] = y1;
  memory[y + 2] = y2;
  memory[y + 3] = y3;
}
