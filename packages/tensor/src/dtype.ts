import { TensorError } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { shown } from "./shown.ts";

/**
 * Element types. A bool takes four bytes (0 or 1), so that one element is one SIMD lane in every kernel.
 * f64 exists on the reference backend, for checking gradients.
 */
export type DType = "f32" | "f64" | "i32" | "bool";

/** The typed array that holds a tensor's elements, row-major. */
export type Values = Float32Array | Float64Array | Int32Array;

/**
 * Bytes that no other thread shares, so that they can be hashed, written and sent. TypeScript 5.7 and newer call this
 * `Uint8Array<ArrayBuffer>`.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/** A typed array of zeros for a dtype. */
export function allocate(dtype: DType, length: number): Values {
  switch (dtype) {
    case "f32":
      return new Float32Array(length);
    case "f64":
      return new Float64Array(length);
    case "i32":
    case "bool":
      return new Int32Array(length);
  }
}

/** Throws an error that begins with `operation` if a value is not a dtype. */
export function checkKnownDType(operation: string, dtype: unknown): void {
  if (known.some((name) => name === dtype)) return;
  throw new TensorError(
    `${operation}: ${shown(dtype)} is not a dtype; ${typeof dtype === "string" ? suggestion(dtype, known, aliases) : `known: ${known.join(", ")}`}`,
  );
}

const known: readonly DType[] = ["f32", "f64", "i32", "bool"];
/** Other libraries' names. */
const aliases = {
  float: "f32",
  float32: "f32",
  double: "f64",
  float64: "f64",
  int: "i32",
  int32: "i32",
  boolean: "bool",
};

/** Whether a dtype has gradients: f32 and f64. */
export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f64";
}

/** The dtype that a typed array holds by default. */
export function dtypeOf(values: Values): DType {
  if (values instanceof Float32Array) return "f32";
  if (values instanceof Float64Array) return "f64";
  return "i32";
}

/** The dtypes that arithmetic and transcendental primitives accept. */
export const floats: readonly DType[] = ["f32", "f64"];
export const numbers: readonly DType[] = ["f32", "f64", "i32"];
