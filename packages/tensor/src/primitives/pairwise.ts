import type { Values } from "../dtype.ts";

/*
 * The order of long sums, on every backend.
 *
 * A running sum of n similar terms may lose n / 3 units in the last place, and in the end stops growing. Terms are
 * therefore summed in blocks of a fixed length, and the totals of the blocks are added in pairs: two neighboring
 * blocks, two neighboring pairs, and so on, as in a binary tree. The remaining totals are added from the right. A sum
 * that fits into one block is a running sum. Blocks are counted from the first term, so terms of +0 may be left out
 * anywhere, as long as the others keep their positions.
 *
 * Each addition rounds to the element type.
 */

/** Terms per block of a sum. With 32, similar terms lose at most 11 units of 2^-24 in total, whatever their number. */
export const SUM_BLOCK = 32;

/**
 * Products per block of a matrix product. This is larger, because a kernel accesses memory once more at the end of each
 * block. With 512, similar products lose at most 171 units of 2^-24.
 */
export const PRODUCT_BLOCK = 512;

/**
 * Adds totals of blocks, in the order of the blocks. Totals that wait for a neighbor are like the digits of a binary
 * counter.
 */
export interface Pairwise<T> {
  push(total: T): void;
  /** The sum of all totals so far and of a last block whose total is `last`. */
  with(last: T): T;
  /** The sum of all totals so far; undefined before the first. */
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
    total: () => (waiting.length === 0 ? undefined : waiting.reduceRight((sum, left) => add(left, sum))),
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
 * Sum of `count` neighboring elements in four lanes: element i goes to lane i mod 4, and the result is (lane 0 + lane
 * 2) + (lane 1 + lane 3), as in a loop over vectors of four.
 */
export function sumLanes(data: Values, first: number, count: number): number {
  const add = data instanceof Float32Array ? addF32 : addExact;
  const lane = (i: number): number => sumStrided(data, first + i, 4, Math.ceil((count - i) / 4));
  return add(add(lane(0), lane(2)), add(lane(1), lane(3)));
}

/**
 * Sums rows of `width` elements. `block(from, to, total)` adds the terms from `from` to `to` to `total`. The result is
 * written to `total`, which begins as zeros.
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
