import { compiledProducts } from "./compiled-products.ts";

/** The number of columns processed together, so that this part of the vectors stays in a near cache. */
export const CHUNK = 256;

/** All places and strides are in numbers, not in bytes. */
interface AddProducts {
  /** Four rows of `width`. */
  readonly x: number;
  readonly xStride: number;
  /** `size` rows of `width`. */
  readonly y: number;
  readonly yStride: number;
  /** A multiple of 8. */
  readonly size: number;
  /** A multiple of 8. */
  readonly width: number;
  /** `[4, size]`, contiguous. */
  readonly out: number;
}

interface SubtractShares {
  /** Four rows of `width`, which are changed. */
  readonly x: number;
  readonly xStride: number;
  /** `[4, size]`, contiguous. */
  readonly shares: number;
  /** `[width / 8, size, 8]`. */
  readonly eights: number;
  readonly size: number;
  readonly width: number;
}

/** A memory of f32 numbers, with the two matrix products that make an orthogonal matrix. */
export interface BlockProducts {
  readonly memory: Float32Array;
  /**
   * `out += x y'`. Each element has four partial sums, over columns 0, 4, 8, ..., over columns 1, 5, 9, ..., and so on;
   * the result is `(s0 + s2) + (s1 + s3)`.
   */
  addProducts(of: AddProducts): void;
  /** `x -= shares y`, subtracting one row of y after the other. */
  subtractShares(of: SubtractShares): void;
}

/** Below this many operations, about 2 ms of plain JavaScript, no WebAssembly memory is created. */
const WORTH_COMPILING = 5_000_000;

/**
 * A memory of `numbers` zeros. It uses WebAssembly if that is available and there are enough operations. The bits are
 * the same.
 */
export function blockProducts(numbers: number, operations: number): BlockProducts {
  return (operations < WORTH_COMPILING ? undefined : compiledProducts(numbers)) ?? plainProducts(numbers);
}

/** In plain JavaScript. */
export function plainProducts(numbers: number): BlockProducts {
  const memory = new Float32Array(numbers);
  return {
    memory,
    addProducts({ x, xStride, y, yStride, size, width, out }) {
      for (let row = 0; row < 4; row++) {
        for (let p = 0; p < size; p += 2)
          addTwo(memory, x + row * xStride, y + p * yStride, yStride, width, out + row * size + p);
      }
    },
    subtractShares({ x, xStride, shares, eights, size, width }) {
      for (let j = 0; j < width; j += 8) {
        for (let row = 0; row < 4; row++)
          subtractFromEight(memory, x + row * xStride + j, shares + row * size, eights + j * size, size);
      }
    },
  };
}

const { fround } = Math;

/** Products of a row with two vectors. The sums are plain variables, not arrays, so that they stay in registers. */
function addTwo(memory: Float32Array, x: number, y: number, yStride: number, width: number, out: number): void {
  let first0 = fround(0);
  let first1 = fround(0);
  let first2 = fround(0);
  let first3 = fround(0);
  let second0 = fround(0);
  let second1 = fround(0);
  let second2 = fround(0);
  let second3 = fround(0);
  const z = y + yStride;
  for (let j = 0; j < width; j += 4) {
    const x0 = memory[x + j]!;
    const x1 = memory[x + j + 1]!;
    const x2 = memory[x + j + 2]!;
    const x3 = memory[x + j + 3]!;
    first0 = fround(first0 + fround(x0 * memory[y + j]!));
    first1 = fround(first1 + fround(x1 * memory[y + j + 1]!));
    first2 = fround(first2 + fround(x2 * memory[y + j + 2]!));
    first3 = fround(first3 + fround(x3 * memory[y + j + 3]!));
    second0 = fround(second0 + fround(x0 * memory[z + j]!));
    second1 = fround(second1 + fround(x1 * memory[z + j + 1]!));
    second2 = fround(second2 + fround(x2 * memory[z + j + 2]!));
    second3 = fround(second3 + fround(x3 * memory[z + j + 3]!));
  }
  memory[out] = memory[out]! + fround(fround(first0 + first2) + fround(first1 + first3));
  memory[out + 1] = memory[out + 1]! + fround(fround(second0 + second2) + fround(second1 + second3));
}

function subtractFromEight(memory: Float32Array, x: number, shares: number, eights: number, size: number): void {
  let x0 = memory[x]!;
  let x1 = memory[x + 1]!;
  let x2 = memory[x + 2]!;
  let x3 = memory[x + 3]!;
  let x4 = memory[x + 4]!;
  let x5 = memory[x + 5]!;
  let x6 = memory[x + 6]!;
  let x7 = memory[x + 7]!;
  for (let p = 0; p < size; p++) {
    const share = memory[shares + p]!;
    const at = eights + 8 * p;
    x0 = fround(x0 - fround(share * memory[at]!));
    x1 = fround(x1 - fround(share * memory[at + 1]!));
    x2 = fround(x2 - fround(share * memory[at + 2]!));
    x3 = fround(x3 - fround(share * memory[at + 3]!));
    x4 = fround(x4 - fround(share * memory[at + 4]!));
    x5 = fround(x5 - fround(share * memory[at + 5]!));
    x6 = fround(x6 - fround(share * memory[at + 6]!));
    x7 = fround(x7 - fround(share * memory[at + 7]!));
  }
  memory[x] = x0;
  memory[x + 1] = x1;
  memory[x + 2] = x2;
  memory[x + 3] = x3;
  memory[x + 4] = x4;
  memory[x + 5] = x5;
  memory[x + 6] = x6;
  memory[x + 7] = x7;
}
