import { numbers } from "../dtype.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { applyBinary, applyUnary, binary, unary } from "./elementwise.ts";

const truth = (holds: boolean): number => (holds ? 1 : 0);

export const equalRules = binary("equal", { accepts: numbers, dtype: "bool", evaluate: (a, b) => truth(a === b) });
/** As in IEEE 754: NaN equals nothing, -0 equals 0. */
export const equal = (a: Operand, b: Operand): Tensor => applyBinary(equalRules, "equal", a, b);

export const lessRules = binary("less", { accepts: numbers, dtype: "bool", evaluate: (a, b) => truth(a < b) });
export const less = (a: Operand, b: Operand): Tensor => applyBinary(lessRules, "less", a, b);

export const lessEqualRules = binary("lessEqual", { accepts: numbers, dtype: "bool", evaluate: (a, b) => truth(a <= b) });
export const lessEqual = (a: Operand, b: Operand): Tensor => applyBinary(lessEqualRules, "lessEqual", a, b);

export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
export const greaterEqual = (a: Operand, b: Operand): Tensor => lessEqual(b, a);

export const andRules = binary("and", { accepts: ["bool"], evaluate: (a, b) => a & b });
export const and = (a: Tensor, b: Tensor): Tensor => applyBinary(andRules, "and", a, b);

export const orRules = binary("or", { accepts: ["bool"], evaluate: (a, b) => a | b });
export const or = (a: Tensor, b: Tensor): Tensor => applyBinary(orRules, "or", a, b);

export const notRules = unary("not", { accepts: ["bool"], evaluate: (x) => 1 - x });
export const not = (x: Tensor): Tensor => applyUnary(notRules, "not", x);
