import type { Values } from "../dtype.ts";

/*
 * The order of long sums, on every backend.
 *
 * A running sum of n terms may lose n / 3 units in the last place where its terms are alike, and stands still in the
 * end. So terms are taken in blocks of a fixed length, one running sum each, and the totals of blocks are added in
 * pairs: two neighbouring blocks, two neighbouring pairs, and so on, as in a binary tree; what is left over at the end
 * is added from the right. A sum that fits a block is a running sum. Blocks are counted from the first term, so terms
 * of +0 may be left out anywhere, as long as the others stay where they are.
 *
 * Each addition rounds to the element type.
 */

/**
 * Terms in a block of a sum. With 32, terms that are alike lose at most 11 units of 2^-24 in all, whatever their
 * number.
 */
export const SUM_BLOCK = 32;

/**
 * Products in a block of a matrix product: more, since it is at the end of a block that a kernel has to touch memory
 * once more. With 512, products that are alike lose at most 171 units of 2^-24.
 */
export const PRODUCT_BLOCK = 512;

/**
 * Totals of blocks, in the order of the blocks. Those that wait for a neighbour are like the digits of a binary
 * counter.
 */
export interface Pairwise<T> {
  push(total: T): void;
  /** The total of all so far, and of a last block whose total is `last`. */
  with(last: T): T;
  /** The total of all so far; undefined before the first. */
  total(): T | undefined;
}

export function pairwise<T>(add: (a: T, b: T) => T): Pairwise<T> {
  const waiting: T[] = [];
  let finished = 0;
  return {
    push(total) {
      let sum = total;
      for (let count = finished++; (count & 1) === 1; count >>= 1) sum = add(waiting.pop()!, sum);
      waiting.push(sum);
    },
    with: (last) => waiting.reduceRight((sum, left) => add(left, sum), last),
    total: () =>
      waiting.length === 0
        ? undefined
        : waiting.slice(0, -1).reduceRight((sum, left) => add(left, sum), waiting.at(-1)!),
  };
}

/** Sum of `count` elements of `data`, `stride` apart, from `first` on. */
export function sumStrided(data: Values, first: number, stride: number, count: number): number {
  const add = data instanceof Float32Array ? addF32 : addExact;
  const block = (from: number, to: number): number => {
    let total = 0;
    for (let k = from; k < to; k++) total = add(total, data[first + k * stride]!);
    return total;
  };
  if (count <= SUM_BLOCK) return block(0, count);
  const totals = pairwise(add);
  let from = 0;
  for (; from + SUM_BLOCK < count; from += SUM_BLOCK) totals.push(block(from, from + SUM_BLOCK));
  return totals.with(block(from, count));
}

/**
 * Sum of `count` neighbouring elements in four lanes: element i goes to lane i mod 4, and the result is (lane 0 + lane
 * 2) + (lane 1 + lane 3). That is what a loop over vectors of four does.
 */
export function sumLanes(data: Values, first: number, count: number): number {
  const add = data instanceof Float32Array ? addF32 : addExact;
  const lane = (i: number): number => sumStrided(data, first + i, 4, Math.ceil((count - i) / 4));
  return add(add(lane(0), lane(2)), add(lane(1), lane(3)));
}

/**
 * Adds rows of `width` elements that `block(from, to, total)` adds to `total` for the terms from `from` to `to`; the
 * result is written to `total`, which begins as zeros.
 */
export function sumRows(
  count: number,
  length: number,
  total: Values,
  block: (from: number, to: number, total: Values) => void,
): void {
  if (count <= length) return block(0, count, total);
  const totals = pairwise<Values>((a, b) => {
    b.forEach((value, j) => (b[j] = a[j]! + value));
    return b;
  });
  let from = 0;
  for (; from + length < count; from += length) {
    const sums = total.slice().fill(0);
    block(from, from + length, sums);
    totals.push(sums);
  }
  block(from, count, total);
  totals.with(total);
}

const addF32 = (a: number, b: number): number => Math.fround(a + b);
const addExact = (a: number, b: number): number => a + b;
