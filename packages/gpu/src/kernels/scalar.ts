import type { DType } from "@sluice/tensor";
import { literal } from "./body.ts";

/**
 * One element in a kernel, given by the names of the variables that hold it. gpu.js computes in floats, which hold
 * whole numbers exactly only up to 2^24. So an i32 is two halves: high from -32768 to 32767 and low from 0 to 65535,
 * with the value 65536 high + low. A bool is 1 or 0.
 */
export type Scalar = FloatScalar | IntegerScalar;

export interface FloatScalar {
  readonly dtype: "f32" | "bool";
  readonly code: string;
}

export interface IntegerScalar {
  readonly dtype: "i32";
  readonly high: string;
  readonly low: string;
}

export function float(code: string): FloatScalar {
  return { dtype: "f32", code };
}

export function bool(code: string): FloatScalar {
  return { dtype: "bool", code };
}

export function integer(high: string, low: string): IntegerScalar {
  return { dtype: "i32", high, low };
}

/** A finite constant of a dtype. */
export function constant(dtype: DType, value: number): Scalar {
  if (dtype === "i32") return integer(literal(value >> 16), literal(value & 65535));
  return dtype === "bool" ? bool(literal(value)) : float(literal(value));
}

/** The code of an f32 or a bool. */
export function codeOf(x: Scalar): string {
  if (x.dtype === "i32") throw new Error("gpu: expected an f32 or a bool, got an i32");
  return x.code;
}

export function halvesOf(x: Scalar): IntegerScalar {
  if (x.dtype !== "i32") throw new Error(`gpu: expected an i32, got ${x.dtype}`);
  return x;
}
