import { toF32x4 } from "./constant.ts";
import { type Expression, node, type Operand } from "./expression.ts";
import { simd } from "./operation.ts";
import { f32x4 } from "./vector.ts";

/**
 * How a module multiplies and adds. `separate`: two instructions, and each result is rounded, so the bits are the same
 * everywhere. `relaxed`: `f32x4.relaxed_madd`, which processors with a fused multiply-add round once, others twice.
 */
export type MultiplyAddMode = "separate" | "relaxed";

/** `sum` + a b, of four floats. */
export type MultiplyAdd = (sum: Operand<"v128">, a: Operand<"v128">, b: Operand<"v128">) => Expression<"v128">;

export const multiplyAdds: Readonly<Record<MultiplyAddMode, MultiplyAdd>> = {
  // V8 can read the right operand from memory, where it keeps constants that find no register.
  separate: (sum, a, b) =>
    typeof sum === "number" ? f32x4.add(f32x4.mul(a, b), sum) : f32x4.add(sum, f32x4.mul(a, b)),
  relaxed: (sum, a, b) => node("v128", "f32x4.relaxed_madd", simd(0x105), [a, b, sum].map(toF32x4)),
};
