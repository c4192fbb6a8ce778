import type { Lift } from "./constant.ts";
import { toI32 } from "./constant.ts";
import { type Expression, node, type Operand, type ResultType, type ValueType } from "./expression.ts";
import { unsigned } from "./leb128.ts";

/*
 * Helpers for the instruction tables. Each takes a mnemonic and an opcode, and returns a function that builds the node.
 */

/** Opcode of a vector instruction. */
export const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
/** Opcode of an atomic instruction. */
export const atomic = (code: number): number[] => [0xfe, ...unsigned(code)];

export function unary<I extends ValueType, R extends ResultType>(
  op: string,
  code: readonly number[],
  lift: Lift<I>,
  result: R,
) {
  return (a: Operand<I>): Expression<R> => node(result, op, code, [lift(a)]);
}

export function binary<I extends ValueType, R extends ResultType>(
  op: string,
  code: readonly number[],
  lift: Lift<I>,
  result: R,
) {
  return (a: Operand<I>, b: Operand<I>): Expression<R> => node(result, op, code, [lift(a), lift(b)]);
}

/** A vector shifted by a scalar number of bits. */
export function shift(op: string, code: readonly number[], lift: Lift<"v128">) {
  return (a: Operand<"v128">, bits: Operand<"i32">): Expression<"v128"> =>
    node("v128", op, code, [lift(a), toI32(bits)]);
}

/** `align` is the base-2 logarithm of the natural alignment; `offset` is in bytes. */
function memoryArgument(align: number, offset: number): number[] {
  return [align, ...unsigned(offset)];
}

function offsetNote(offset: number): string {
  return offset === 0 ? "" : `+${offset}`;
}

export function load<R extends ValueType>(op: string, code: readonly number[], align: number, result: R) {
  return (address: Operand<"i32">, offset = 0): Expression<R> =>
    node(result, op, [...code, ...memoryArgument(align, offset)], [toI32(address)], offsetNote(offset));
}

export function store<V extends ValueType>(op: string, code: readonly number[], align: number, lift: Lift<V>) {
  return (address: Operand<"i32">, value: Operand<V>, offset = 0): Expression<"none"> =>
    node("none", op, [...code, ...memoryArgument(align, offset)], [toI32(address), lift(value)], offsetNote(offset));
}

export function loadLane(op: string, code: readonly number[], align: number) {
  return (address: Operand<"i32">, vector: Expression<"v128">, lane: number, offset = 0): Expression<"v128"> =>
    node(
      "v128",
      op,
      [...code, ...memoryArgument(align, offset), lane],
      [toI32(address), vector],
      `${offsetNote(offset)} lane ${lane}`,
    );
}

export function storeLane(op: string, code: readonly number[], align: number) {
  return (address: Operand<"i32">, vector: Expression<"v128">, lane: number, offset = 0): Expression<"none"> =>
    node(
      "none",
      op,
      [...code, ...memoryArgument(align, offset), lane],
      [toI32(address), vector],
      `${offsetNote(offset)} lane ${lane}`,
    );
}

/** An atomic access that takes a value and returns the old one. */
export function readModifyWrite<V extends ValueType>(
  op: string,
  code: readonly number[],
  align: number,
  lift: Lift<V>,
  result: V,
) {
  return (address: Operand<"i32">, value: Operand<V>, offset = 0): Expression<V> =>
    node(result, op, [...code, ...memoryArgument(align, offset)], [toI32(address), lift(value)], offsetNote(offset));
}

export { memoryArgument, offsetNote };
