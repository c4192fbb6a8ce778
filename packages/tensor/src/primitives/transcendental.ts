import { floats } from "../dtype.ts";
import {
  expF32,
  expF64,
  expm1F32,
  expm1F64,
  log1pF32,
  log1pF64,
  logF32,
  logF64,
  sigmoidF32,
  sigmoidF64,
  tanhF32,
  tanhF64,
} from "../scalar/index.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { applyUnary, unary } from "./elementwise.ts";

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
