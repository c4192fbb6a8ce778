import { numbers } from "../dtype.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { applyBinary, applyUnary, binary, unary } from "./elementwise.ts";

const truth = (holds: boolean): number => (holds ? 1 : 0);

export const equalRules = binary("equal", {
  recompute: "cheap",
  accepts: numbers,
  dtype: "bool",
  evaluate: (a, b) => truth(a === b),
});
/** a == b as bool. As in IEEE 754, NaN equals nothing and -0 equals 0. */
export const equal = (a: Operand, b: Operand): Tensor => applyBinary(equalRules, "equal", a, b);

export const lessRules = binary("less", {
  recompute: "cheap",
  accepts: numbers,
  dtype: "bool",
  evaluate: (a, b) => truth(a < b),
});
/** a < b, as bool; false if either is NaN. */
export const less = (a: Operand, b: Operand): Tensor => applyBinary(lessRules, "less", a, b);

export const lessEqualRules = binary("lessEqual", {
  recompute: "cheap",
  accepts: numbers,
  dtype: "bool",
  evaluate: (a, b) => truth(a <= b),
});
/** a <= b, as bool; false if either is NaN. */
export const lessEqual = (a: Operand, b: Operand): Tensor => applyBinary(lessEqualRules, "lessEqual", a, b);

/** a > b, as bool. */
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
/** a >= b, as bool. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => lessEqual(b, a);

export const andRules = binary("and", { recompute: "cheap", accepts: ["bool"], evaluate: (a, b) => a & b });
/** a and b, for bools. */
export const and = (a: Tensor, b: Tensor): Tensor => applyBinary(andRules, "and", a, b);

export const orRules = binary("or", { recompute: "cheap", accepts: ["bool"], evaluate: (a, b) => a | b });
/** a or b, for bools. */
export const or = (a: Tensor, b: Tensor): Tensor => applyBinary(orRules, "or", a, b);

export const notRules = unary("not", { recompute: "cheap", accepts: ["bool"], evaluate: (x) => 1 - x });
/** not a, for bools. */
export const not = (x: Tensor): Tensor => applyUnary(notRules, "not", x);
