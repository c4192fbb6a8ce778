/*
 * Expressions: what a WebAssembly function computes, as a graph of nodes. A node that is used several times within one
 * statement is evaluated once and kept in a local (see `sharing.ts`). A node that is used in two statements is
 * evaluated in each; use `body.let` to keep its value.
 */

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
/** The type of an expression; `none` if it is executed for its effect. */
export type ResultType = ValueType | "none";

export interface Expression<T extends ResultType = ResultType> {
  readonly type: T;
  /** Mnemonic, as in the text format. */
  readonly op: string;
  /** Opcode and immediates. They come after the code of the operands. */
  readonly code: readonly number[];
  readonly operands: readonly Expression<ValueType>[];
  /** The immediates as text: offset, lane, constant. */
  readonly note: string;
}

/** A variable of a function. Used as an expression, it gives the current value. */
export interface Local<T extends ValueType = ValueType> extends Expression<T> {
  readonly index: number;
  readonly name: string;
}

/** An operand of type T: an expression, or a number for a constant. */
export type Operand<T extends ValueType> = Expression<T> | number;

export function node<T extends ResultType>(
  type: T,
  op: string,
  code: readonly number[],
  operands: readonly Expression<ValueType>[] = [],
  note = "",
): Expression<T> {
  return { type, op, code, operands, note };
}

/** Whether an expression is as cheap to repeat as to keep. */
export function isLeaf(expression: Expression): boolean {
  return expression.operands.length === 0 && (expression.op === "local.get" || expression.op.endsWith(".const"));
}
