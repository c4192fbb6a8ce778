import { type Expression, f32x4, f64x2, i32x4, v128 } from "../assembler/index.ts";
import { inDoubles, lowWords, maskOfOdd, polynomial, ROUNDER, signOfBit } from "./doubles.ts";

/*
 * Sine and cosine of four floats at a time. The algorithms, constants and order of operations are those of
 * `scalar/sine.ts` in @sluice/tensor, which explains them, so the bits are the same.
 */
type Vector = Expression<"v128">;

const QUARTERS_PER_RADIAN = 6.36619772367581382433e-1;
const QUARTERS = [1.570796012878418, 3.139164164167596e-7, 6.223372171896613e-14];
const LARGEST = 2147483648;
const SINE = [
  2.7183114939898219064e-6, -1.98393348360966317347e-4, 8.3333293858894631756e-3, -1.66666666416265235595e-1, 1,
];
const COSINE = [
  2.43904487962774090654e-5, -1.38867637746099294692e-3, 4.16666233237390631894e-2, -4.9999999725103100312e-1, 1,
];

const shiftedSine =
  (shift: number) =>
  (x: Vector): Vector => {
    const rounded = f64x2.add(f64x2.mul(x, QUARTERS_PER_RADIAN), ROUNDER);
    const n = f64x2.sub(rounded, ROUNDER);
    const r = QUARTERS.reduce((rest, part) => f64x2.sub(rest, f64x2.mul(n, part)), x);
    const z = f64x2.mul(r, r);
    const quarter = shift === 0 ? lowWords(rounded) : i32x4.add(lowWords(rounded), i32x4.const(shift));
    const y = v128.bitselect(polynomial(COSINE, z), f64x2.mul(polynomial(SINE, z), r), maskOfOdd(quarter));
    return v128.xor(y, signOfBit(quarter, 1));
  };

/** `x`, or 0 where it is too large; NaN for infinities and NaN. */
function within(x: Vector): Vector {
  return v128.bitselect(x, f32x4.mul(x, 0), f32x4.lt(f32x4.abs(x), LARGEST));
}

export function sin(x: Vector): Vector {
  return inDoubles(shiftedSine(0), within(x));
}

export function cos(x: Vector): Vector {
  return inDoubles(shiftedSine(1), within(x));
}
