import { floats } from "../dtype.ts";
import {
  cosF32,
  cosF64,
  errorFunctionF32,
  errorFunctionF64,
  expF32,
  expF64,
  expm1F32,
  expm1F64,
  log1pF32,
  log1pF64,
  logF32,
  logF64,
  powF32,
  powF64,
  sigmoidF32,
  sigmoidF64,
  sinF32,
  sinF64,
  tanhF32,
  tanhF64,
} from "../scalar/index.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { equal } from "./comparison.ts";
import { applyBinary, applyUnary, binary, select, unary } from "./elementwise.ts";

export const expRules = unary("exp", {
  recompute: "costly",
  accepts: floats,
  evaluate: expF64,
  evaluateF32: expF32,
  gradient: (cotangent, _, y) => mul(cotangent, y),
});
/**
 * e to the power x. This and the functions below use the package's own scalar functions, which give the same bits
 * everywhere.
 */
export const exp = (x: Tensor): Tensor => applyUnary(expRules, "exp", x);

export const expm1Rules = unary("expm1", {
  recompute: "costly",
  accepts: floats,
  evaluate: expm1F64,
  evaluateF32: expm1F32,
  // Not y + 1, which has lost the digits of exp(x) for large negative x.
  gradient: (cotangent, x) => mul(cotangent, exp(x)),
});
/** exp(x) - 1, accurate near 0. */
export const expm1 = (x: Tensor): Tensor => applyUnary(expm1Rules, "expm1", x);

export const logRules = unary("log", {
  recompute: "costly",
  accepts: floats,
  evaluate: logF64,
  evaluateF32: logF32,
  gradient: (cotangent, x) => div(cotangent, x),
});
/** The natural logarithm; -infinity at 0, NaN below. */
export const log = (x: Tensor): Tensor => applyUnary(logRules, "log", x);

export const log1pRules = unary("log1p", {
  recompute: "costly",
  accepts: floats,
  evaluate: log1pF64,
  evaluateF32: log1pF32,
  gradient: (cotangent, x) => div(cotangent, add(x, 1)),
});
/** log(1 + x), accurate near 0. */
export const log1p = (x: Tensor): Tensor => applyUnary(log1pRules, "log1p", x);

export const tanhRules = unary("tanh", {
  recompute: "costly",
  accepts: floats,
  evaluate: tanhF64,
  evaluateF32: tanhF32,
  gradient: (cotangent, _, y) => mul(cotangent, sub(1, mul(y, y))),
});
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => applyUnary(tanhRules, "tanh", x);

export const sigmoidRules = unary("sigmoid", {
  recompute: "costly",
  accepts: floats,
  evaluate: sigmoidF64,
  evaluateF32: sigmoidF32,
  gradient: (cotangent, _, y) => mul(cotangent, mul(y, sub(1, y))),
});
/** 1 / (1 + exp(-x)) */
export const sigmoid = (x: Tensor): Tensor => applyUnary(sigmoidRules, "sigmoid", x);

export const sinRules = unary("sin", {
  recompute: "costly",
  accepts: floats,
  evaluate: sinF64,
  evaluateF32: sinF32,
  gradient: (cotangent, x) => mul(cotangent, cos(x)),
});
/**
 * The sine of x in radians; the error is below 1 unit in the last place. From |x| = 2^31 on, where neighboring f32 are
 * many turns apart, the result is 0. NaN at the infinities.
 */
export const sin = (x: Tensor): Tensor => applyUnary(sinRules, "sin", x);

export const cosRules = unary("cos", {
  recompute: "costly",
  accepts: floats,
  evaluate: cosF64,
  evaluateF32: cosF32,
  gradient: (cotangent, x) => neg(mul(cotangent, sin(x))),
});
/** The cosine of x in radians, as accurate as {@link sin}; 1 from |x| = 2^31 on, NaN at the infinities. */
export const cos = (x: Tensor): Tensor => applyUnary(cosRules, "cos", x);

/** 2 / sqrt(pi) */
const ERF_SLOPE = 1.1283791670955126;

export const erfRules = unary("erf", {
  recompute: "costly",
  accepts: floats,
  evaluate: errorFunctionF64,
  evaluateF32: errorFunctionF32,
  gradient: (cotangent, x) => mul(cotangent, mul(exp(neg(mul(x, x))), ERF_SLOPE)),
});
/**
 * The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; the error is below 2 units in the last
 * place.
 */
export const erf = (x: Tensor): Tensor => applyUnary(erfRules, "erf", x);

export const powRules = binary("pow", {
  recompute: "costly",
  accepts: floats,
  evaluate: powF64,
  evaluateF32: powF32,
  gradient: ({ cotangent, a, b, y }) => [
    () => mul(cotangent, select(equal(b, 0), 0, mul(b, pow(a, sub(b, 1))))),
    () => mul(cotangent, mul(y, log(select(equal(a, 0), 1, a)))),
  ],
});
/**
 * x to the power y, as IEEE 754's `pow`: 1 for y = 0 and for x = 1, whatever the other is; NaN where x is negative and
 * finite and y is not an integer. In f32 the error is below 1 unit in the last place. The derivative by y, x^y log(x),
 * is taken to be 0 at x = 0 and is NaN where x is negative. `square(x)` and `sqrt(x)` are faster than `pow(x, 2)` and
 * `pow(x, 0.5)`.
 */
export const pow = (x: Operand, y: Operand): Tensor => applyBinary(powRules, "pow", x, y);
