import type { Built, Label, Statement } from "./body.ts";
import type { Expression, ValueType } from "./expression.ts";
import { unsigned } from "./leb128.ts";

export const TYPE_CODES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const NO_RESULT = 0x40;
const END = 0x0b;

/** The code entry of a function: its locals, then its instructions. */
export function encodeFunction({ statements, locals }: Built, parameterCount: number): number[] {
  const out = declarations(locals.slice(parameterCount).map(({ type }) => type));
  encodeStatements(statements, [], out);
  out.push(END);
  return out;
}

/** Declares locals in runs of the same type. */
function declarations(types: readonly ValueType[]): number[] {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return [...unsigned(runs.length), ...runs.flatMap(({ type, count }) => [...unsigned(count), TYPE_CODES[type]])];
}

function encodeExpression(expression: Expression, out: number[]): void {
  for (const operand of expression.operands) encodeExpression(operand, out);
  for (const byte of expression.code) out.push(byte);
}

/** `labels` are the enclosing labels, outermost first. An `if` counts as a level without a label. */
function encodeStatements(
  statements: readonly Statement[],
  labels: readonly (Label | undefined)[],
  out: number[],
): void {
  for (const statement of statements) {
    switch (statement.kind) {
      case "do":
        encodeExpression(statement.expression, out);
        if (statement.expression.type !== "none") out.push(0x1a);
        break;
      case "set":
        encodeExpression(statement.value, out);
        out.push(0x21, ...unsigned(statement.local.index));
        break;
      case "block":
      case "loop":
        out.push(statement.kind === "block" ? 0x02 : 0x03, NO_RESULT);
        encodeStatements(statement.statements, [...labels, statement.label], out);
        out.push(END);
        break;
      case "if":
        encodeExpression(statement.condition, out);
        out.push(0x04, NO_RESULT);
        encodeStatements(statement.then, [...labels, undefined], out);
        if (statement.otherwise.length > 0) {
          out.push(0x05);
          encodeStatements(statement.otherwise, [...labels, undefined], out);
        }
        out.push(END);
        break;
      case "branch": {
        const depth = labels.length - 1 - labels.lastIndexOf(statement.label);
        if (depth === labels.length) throw new Error(`A branch to ${statement.label.name} must be inside it.`);
        if (statement.condition !== undefined) encodeExpression(statement.condition, out);
        out.push(statement.condition === undefined ? 0x0c : 0x0d, ...unsigned(depth));
        break;
      }
      case "return":
        if (statement.value !== undefined) encodeExpression(statement.value, out);
        out.push(0x0f);
        break;
      case "unreachable":
        out.push(0x00);
        break;
    }
  }
}
