import { highWord } from "./bits.ts";

/*
 * Sine and cosine. The argument is reduced to [-pi/4, pi/4] in double precision, after Cody and Waite: pi/2 is given in
 * parts of 22 bits, so that a product of a part with a count of quarter turns below 2^31 is exact. The polynomials are
 * those of fdlibm (`k_sin.c`, `k_cos.c`; Sun Microsystems 1993) and of its version for single precision by Bruce D.
 * Evans (FreeBSD msun, `k_sinf.c`, `k_cosf.c`), which works in double precision and is rounded once, at the end.
 */
const round = Math.fround;

const QUARTERS_PER_RADIAN = 6.36619772367581382433e-1;
const QUARTER_1 = 1.570796012878418;
const QUARTER_2 = 3.139164164167596e-7;
/** What the first two parts leave of pi/2, to 53 bits, and in one more part of 22 bits and its rest. */
const QUARTER_3 = 6.223372171896613e-14;
const QUARTER_3_OF_4 = 6.223371969669989e-14;
const QUARTER_4 = 2.0222662487959506e-21;
/** 1.5 * 2^52: adding it rounds to the nearest integer, which then stands in the low bits. */
const ROUNDER = 6755399441055744;
/** From here on an angle is taken to be 0: in f32 neighbouring numbers are many turns apart. */
const LARGEST = 2147483648;

/** `x`, or 0 where it is too large; NaN for infinities and NaN. */
const within = (x: number): number => (Math.abs(x) < LARGEST ? x : x * 0);

const sineOfReducedF32 = (r: number, z: number): number =>
  r *
  (1 +
    z *
      (-1.66666666416265235595e-1 +
        z * (8.3333293858894631756e-3 + z * (-1.98393348360966317347e-4 + z * 2.7183114939898219064e-6))));

const cosineOfReducedF32 = (z: number): number =>
  1 +
  z *
    (-4.9999999725103100312e-1 +
      z * (4.16666233237390631894e-2 + z * (-1.38867637746099294692e-3 + z * 2.43904487962774090654e-5)));

/** `shift` is 0 for the sine and 1 for the cosine, which is the sine a quarter turn on. */
function shiftedSineF32(given: number, shift: number): number {
  const x = within(given);
  const n = x * QUARTERS_PER_RADIAN + ROUNDER - ROUNDER;
  const r = x - n * QUARTER_1 - n * QUARTER_2 - n * QUARTER_3;
  const z = r * r;
  const quarter = (n + shift) & 3;
  const y = (quarter & 1) === 1 ? cosineOfReducedF32(z) : sineOfReducedF32(r, z);
  return round((quarter & 2) === 2 ? -y : y);
}

/** sin x in f32; error below 1 ulp for |x| < 2^31, and the sine of 0 beyond. sin(-0) = -0, NaN at infinities. */
export const sinF32 = (x: number): number => shiftedSineF32(x, 0);

/** cos x in f32; error below 1 ulp for |x| < 2^31, and 1 beyond. NaN at infinities. */
export const cosF32 = (x: number): number => shiftedSineF32(x, 1);

function sineOfReduced(r: number, z: number): number {
  const p =
    8.33333333332248946124e-3 +
    z *
      (-1.98412698298579493134e-4 +
        z * (2.75573137070700676789e-6 + z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)));
  return r + z * r * (-1.66666666666666324348e-1 + z * p);
}

function cosineOfReduced(z: number): number {
  const p =
    4.16666666666666019037e-2 +
    z *
      (-1.38888888888741095749e-3 +
        z *
          (2.48015872894767294178e-5 +
            z * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11))));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + z * z * p);
}

function shiftedSine(given: number, shift: number): number {
  const x = within(given);
  // The high word tells -0 from 0.
  if (x === 0) return shift === 1 ? 1 : highWord(x) < 0 ? -0 : 0;
  const n = x * QUARTERS_PER_RADIAN + ROUNDER - ROUNDER;
  const r = x - n * QUARTER_1 - n * QUARTER_2 - n * QUARTER_3_OF_4 - n * QUARTER_4;
  const z = r * r;
  const quarter = (n + shift) & 3;
  const y = (quarter & 1) === 1 ? cosineOfReduced(z) : sineOfReduced(r, z);
  return (quarter & 2) === 2 ? -y : y;
}

/** sin x; the sine of 0 for |x| >= 2^31. */
export const sinF64 = (x: number): number => shiftedSine(x, 0);

/** cos x; 1 for |x| >= 2^31. */
export const cosF64 = (x: number): number => shiftedSine(x, 1);
