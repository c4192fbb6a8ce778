import type { Tensor } from "@sluice/tensor";
import type { KernelBody } from "./body.ts";
import { halvesOf, integer, type Scalar } from "./scalar.ts";

/** A variable for a value of a dtype, initially 0. */
export function zero(body: KernelBody, dtype: Tensor["dtype"]): Scalar {
  if (dtype === "i32") return integer(body.declare("0.0"), body.declare("0.0"));
  return { dtype: dtype === "bool" ? "bool" : "f32", code: body.declare("0.0") };
}

export function assign(body: KernelBody, to: Scalar, value: Scalar): void {
  if (to.dtype === "i32") {
    const { high, low } = halvesOf(value);
    body.line(`${to.high} = ${high};`);
    body.line(`${to.low} = ${low};`);
  } else if (value.dtype !== "i32") body.line(`${to.code} = ${value.code};`);
}
