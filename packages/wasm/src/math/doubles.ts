import { type Expression, f32x4, f64x2, i32x4, v128 } from "../assembler/index.ts";

type Vector = Expression<"v128">;

const SIGN = 0x80000000 | 0;
/** 1.5 * 2^52: adding it to a double rounds to the nearest integer, which then stands in the low word. */
export const ROUNDER = 6755399441055744;

/** A function of doubles, two at a time, applied to four floats: each result is rounded once. */
export function inDoubles(f: (...x: Vector[]) => Vector, ...x: readonly Vector[]): Vector {
  const upper = (v: Vector): Vector => v128.shuffle32(v, v, [2, 3, 2, 3]);
  const first = f32x4.demoteF64x2Zero(f(...x.map((v) => f64x2.promoteLowF32x4(v))));
  const second = f32x4.demoteF64x2Zero(f(...x.map((v) => f64x2.promoteLowF32x4(upper(v)))));
  return v128.shuffle32(first, second, [0, 1, 4, 5]);
}

/** The polynomial in `t` of coefficients from the highest power down. */
export function polynomial(coefficients: readonly number[], t: Vector): Vector {
  return coefficients
    .slice(1)
    .reduce<Vector>((sum, c) => f64x2.add(f64x2.mul(sum, t), c), f64x2.const(coefficients[0] ?? 0));
}

/** The low word of each double, in both of its words. */
export function lowWords(x: Vector): Vector {
  return v128.shuffle32(x, x, [0, 0, 2, 2]);
}

/** The sign bit of each double where bit `bit` of `words` is set. */
export function signOfBit(words: Vector, bit: number): Vector {
  return v128.and(i32x4.shl(words, 31 - bit), i32x4.const(0, SIGN, 0, SIGN));
}

/** All ones where bit 0 of `words` is set. */
export function maskOfOdd(words: Vector): Vector {
  return i32x4.shrS(i32x4.shl(words, 31), 31);
}

/** 2^n for the words of an integer -1022 <= n <= 1023, as doubles. */
export function powerOfTwo(words: Vector): Vector {
  return v128.and(i32x4.shl(i32x4.add(words, i32x4.const(1023)), 20), i32x4.const(0, -1, 0, -1));
}
