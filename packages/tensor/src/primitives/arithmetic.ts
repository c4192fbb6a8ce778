import { floats, numbers } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { less } from "./comparison.ts";
import { applyBinary, applyUnary, binary, select, unary } from "./elementwise.ts";

export const addRules = binary("add", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: (a, b) => a + b,
  gradient: ({ cotangent }) => [() => cotangent, () => cotangent],
});
/**
 * a + b. For this and the functions below, operands are broadcast as in NumPy, a number takes the dtype of the other
 * operand, and i32 wraps around.
 */
export const add = (a: Operand, b: Operand): Tensor => applyBinary(addRules, "add", a, b);

export const subRules = binary("sub", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: (a, b) => a - b,
  gradient: ({ cotangent }) => [() => cotangent, () => neg(cotangent)],
});
/** a - b */
export const sub = (a: Operand, b: Operand): Tensor => applyBinary(subRules, "sub", a, b);

export const mulRules = binary("mul", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: (a, b) => a * b,
  evaluateI32: Math.imul,
  gradient: ({ cotangent, a, b }) => [() => mul(cotangent, b), () => mul(cotangent, a)],
});
/** a b, element by element. */
export const mul = (a: Operand, b: Operand): Tensor => applyBinary(mulRules, "mul", a, b);

export const divRules = binary("div", {
  recompute: "cheap",
  accepts: floats,
  evaluate: (a, b) => a / b,
  gradient: ({ cotangent, b, y }) => [() => div(cotangent, b), () => neg(div(mul(cotangent, y), b))],
});
/** a / b, of floats. */
export const div = (a: Operand, b: Operand): Tensor => applyBinary(divRules, "div", a, b);

export const maxRules = binary("max", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: Math.max,
  gradient: ({ cotangent, a, b }) => [() => select(less(b, a), cotangent, 0), () => select(less(b, a), 0, cotangent)],
});
/**
 * The larger of a and b; NaN if either is NaN. In a tie the gradient goes to `b`, so that relu(0) = max(0, 0) has the
 * derivative 0.
 */
export const max = (a: Operand, b: Operand): Tensor => applyBinary(maxRules, "max", a, b);

export const minRules = binary("min", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: Math.min,
  gradient: ({ cotangent, a, b }) => [() => select(less(a, b), cotangent, 0), () => select(less(a, b), 0, cotangent)],
});
/** The smaller of a and b; NaN if either is NaN. In a tie the gradient goes to `b`. */
export const min = (a: Operand, b: Operand): Tensor => applyBinary(minRules, "min", a, b);

export const negRules = unary("neg", { recompute: "cheap", accepts: numbers, evaluate: (x) => -x, gradient: neg });
/** -x */
export function neg(x: Tensor): Tensor {
  return applyUnary(negRules, "neg", x);
}

export const absRules = unary("abs", {
  recompute: "cheap",
  accepts: numbers,
  evaluate: Math.abs,
  gradient: (cotangent, x) => mul(cotangent, sign(x)),
});
/** |x|, with the derivative 0 at 0. */
export const abs = (x: Tensor): Tensor => applyUnary(absRules, "abs", x);

export const signRules = unary("sign", { recompute: "cheap", accepts: numbers, evaluate: Math.sign });
/** -1, 0 or 1 (a zero keeps its sign, NaN stays NaN). */
export const sign = (x: Tensor): Tensor => applyUnary(signRules, "sign", x);

export const floorRules = unary("floor", { recompute: "cheap", accepts: floats, evaluate: Math.floor });
/** The largest integer <= x, with the derivative 0. */
export const floor = (x: Tensor): Tensor => applyUnary(floorRules, "floor", x);

export const ceilRules = unary("ceil", { recompute: "cheap", accepts: floats, evaluate: Math.ceil });
/** The smallest integer >= x, with the derivative 0. */
export const ceil = (x: Tensor): Tensor => applyUnary(ceilRules, "ceil", x);

export const sqrtRules = unary("sqrt", {
  recompute: "costly",
  accepts: floats,
  evaluate: Math.sqrt,
  gradient: (cotangent, _, y) => div(mul(cotangent, 0.5), y),
});
/** The square root, rounded correctly; NaN below 0. */
export const sqrt = (x: Tensor): Tensor => applyUnary(sqrtRules, "sqrt", x);

export const stopGradientRules = unary("stopGradient", {
  recompute: "cheap",
  accepts: ["f32", "f64", "i32", "bool"],
  evaluate: (x) => x,
});
/** The identity, with a gradient of zero. */
export const stopGradient = (x: Tensor): Tensor => applyUnary(stopGradientRules, "stopGradient", x);

export const shiftRightRules = binary("shiftRight", {
  recompute: "costly",
  accepts: ["i32"],
  evaluate: (a, b) => (a >>> b) | 0,
});
/** Logical shift of i32 to the right, by 0 to 31 bits. */
export function shiftRight(a: Tensor, bits: number): Tensor {
  if (!Number.isInteger(bits) || bits < 0 || bits > 31) {
    throw new TensorError(`shiftRight: expected a shift of 0 to 31 bits, got ${bits}`);
  }
  return applyBinary(shiftRightRules, "shiftRight", a, bits);
}
