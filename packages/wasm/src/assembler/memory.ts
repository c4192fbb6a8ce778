import { i64Const, toI32, toI64 } from "./constant.ts";
import { type Expression, node, type Operand } from "./expression.ts";
import { atomic, load, memoryArgument, offsetNote, readModifyWrite, store } from "./operation.ts";

export const memory = {
  /** Copies `bytes` from `source` to `target`; the two may overlap. */
  copy: (target: Operand<"i32">, source: Operand<"i32">, bytes: Operand<"i32">): Expression<"none"> =>
    node("none", "memory.copy", [0xfc, 0x0a, 0x00, 0x00], [toI32(target), toI32(source), toI32(bytes)]),
  /** Sets `bytes` bytes from `target` on to the low byte of `value`. */
  fill: (target: Operand<"i32">, value: Operand<"i32">, bytes: Operand<"i32">): Expression<"none"> =>
    node("none", "memory.fill", [0xfc, 0x0b, 0x00], [toI32(target), toI32(value), toI32(bytes)]),
};

/** Sequentially consistent accesses to shared memory. */
export const atomics = {
  load: load("i32.atomic.load", atomic(0x10), 2, "i32"),
  store: store("i32.atomic.store", atomic(0x17), 2, toI32),
  add: readModifyWrite("i32.atomic.rmw.add", atomic(0x1e), 2, toI32, "i32"),
  sub: readModifyWrite("i32.atomic.rmw.sub", atomic(0x25), 2, toI32, "i32"),
  exchange: readModifyWrite("i32.atomic.rmw.xchg", atomic(0x41), 2, toI32, "i32"),
  compareExchange: (
    address: Operand<"i32">,
    expected: Operand<"i32">,
    replacement: Operand<"i32">,
    offset = 0,
  ): Expression<"i32"> =>
    node(
      "i32",
      "i32.atomic.rmw.cmpxchg",
      [...atomic(0x48), ...memoryArgument(2, offset)],
      [toI32(address), toI32(expected), toI32(replacement)],
      offsetNote(offset),
    ),
  /**
   * Sleeps while the word is `expected`. Returns 0 if woken, 1 if the word has another value, 2 after `nanoseconds`
   * (-1: never).
   */
  wait32: (
    address: Operand<"i32">,
    expected: Operand<"i32">,
    nanoseconds: Operand<"i64"> = i64Const(-1n),
    offset = 0,
  ): Expression<"i32"> =>
    node(
      "i32",
      "memory.atomic.wait32",
      [...atomic(0x01), ...memoryArgument(2, offset)],
      [toI32(address), toI32(expected), toI64(nanoseconds)],
      offsetNote(offset),
    ),
  /** Wakes up to `count` sleepers. Returns how many it woke. */
  notify: readModifyWrite("memory.atomic.notify", atomic(0x00), 2, toI32, "i32"),
};

/** `a` if the condition holds, else `b`; both are evaluated. */
export function select<T extends "i32" | "i64" | "f32" | "f64" | "v128">(
  a: Expression<T>,
  b: Expression<T>,
  condition: Expression<"i32">,
): Expression<T> {
  return node(a.type, "select", [0x1b], [a, b, condition]);
}
