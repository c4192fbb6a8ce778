import { type Expression, f32x4, i32x4, type MultiplyAdd, v128 } from "../assembler/index.ts";
import { exp } from "./exp.ts";

/*
 * The error function of four floats at a time. The algorithm, constants and order of operations are those of
 * `scalar/error-function.ts` in @sluice/tensor, which explains them, so the bits are the same if
 * `multiplyAdd` is separate.
 */
type Vector = Expression<"v128">;

const CENTER = [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1];
const TAIL = [
  -1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1,
];
const FROM = 0.927734375;
const ONE = 4;

function polynomial(coefficients: readonly number[], t: Vector, multiplyAdd: MultiplyAdd): Vector {
  return coefficients.slice(1).reduce<Vector>((sum, c) => multiplyAdd(c, sum, t), f32x4.const(coefficients[0] ?? 0));
}

/** erf(x) */
export function erf(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const a = f32x4.pmin(f32x4.abs(x), ONE);
  const tail = f32x4.sub(1, exp(multiplyAdd(f32x4.neg(a), polynomial(TAIL, a, multiplyAdd), a), multiplyAdd));
  const center = f32x4.mul(x, f32x4.add(polynomial(CENTER, f32x4.mul(a, a), multiplyAdd), 1));
  const signed = v128.or(tail, v128.and(x, i32x4.const(0x80000000 | 0)));
  return v128.bitselect(signed, center, f32x4.lt(FROM, a));
}
