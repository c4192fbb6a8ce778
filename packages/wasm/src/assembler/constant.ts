import { type Expression, node, type Operand, type ValueType } from "./expression.ts";
import { signed, signed64 } from "./leb128.ts";

const view = new DataView(new ArrayBuffer(16));

function bytesOf(length: number): number[] {
  return Array.from({ length }, (_, i) => view.getUint8(i));
}

export function i32Const(value: number): Expression<"i32"> {
  return node("i32", "i32.const", [0x41, ...signed(value)], [], String(value | 0));
}

export function i64Const(value: bigint): Expression<"i64"> {
  return node("i64", "i64.const", [0x42, ...signed64(value)], [], String(value));
}

export function f32Const(value: number): Expression<"f32"> {
  view.setFloat32(0, value, true);
  return node("f32", "f32.const", [0x43, ...bytesOf(4)], [], printed(Math.fround(value)));
}

export function f64Const(value: number): Expression<"f64"> {
  view.setFloat64(0, value, true);
  return node("f64", "f64.const", [0x44, ...bytesOf(8)], [], printed(value));
}

/** A vector of four equal floats. */
export function f32x4Const(value: number): Expression<"v128"> {
  for (let lane = 0; lane < 4; lane++) view.setFloat32(4 * lane, value, true);
  return node("v128", "f32x4.const", [0xfd, 0x0c, ...bytesOf(16)], [], printed(Math.fround(value)));
}

/** A vector of four integers, or of one integer four times. */
export function i32x4Const(...values: [number] | [number, number, number, number]): Expression<"v128"> {
  const [x, y = x, z = x, w = x] = values;
  [x, y, z, w].forEach((value, lane) => view.setInt32(4 * lane, value, true));
  return node("v128", "i32x4.const", [0xfd, 0x0c, ...bytesOf(16)], [], values.join(" "));
}

/** A vector of two equal doubles. */
export function f64x2Const(value: number): Expression<"v128"> {
  for (let lane = 0; lane < 2; lane++) view.setFloat64(8 * lane, value, true);
  return node("v128", "f64x2.const", [0xfd, 0x0c, ...bytesOf(16)], [], printed(value));
}

function printed(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The value of an i32 constant, or undefined. */
export function i32Value(expression: Expression): number | undefined {
  return expression.op === "i32.const" ? Number(expression.note) : undefined;
}

/** Turns a number at the call site into a constant operand. */
export type Lift<T extends ValueType> = (operand: Operand<T>) => Expression<T>;

function lift<T extends ValueType>(constant: (value: number) => Expression<T>): Lift<T> {
  return (operand) => (typeof operand === "number" ? constant(operand) : operand);
}

export const toI32: Lift<"i32"> = lift(i32Const);
export const toI64: Lift<"i64"> = lift((value) => i64Const(BigInt(value)));
export const toF32: Lift<"f32"> = lift(f32Const);
export const toF64: Lift<"f64"> = lift(f64Const);
export const toF32x4: Lift<"v128"> = lift(f32x4Const);
export const toI32x4: Lift<"v128"> = lift((value) => i32x4Const(value));
export const toF64x2: Lift<"v128"> = lift(f64x2Const);
