import type { Statement } from "./body.ts";
import { type Expression, isLeaf, type Local, type ValueType } from "./expression.ts";

/**
 * Moves vector constants out of loops, into variables set at the start of the function. V8 builds a vector constant
 * from 64-bit immediates at each use, which takes longer than the arithmetic on it. A variable stays in a register, or
 * the instruction reads it from the stack.
 */
export function hoistConstants(
  statements: readonly Statement[],
  newLocal: <V extends ValueType>(type: V, name: string) => Local<V>,
): Statement[] {
  const constants = new Map<string, { local: Local; value: Expression }>();

  function hoisted(expression: Expression): Expression {
    if (isLeaf(expression)) return isCostly(expression) ? localOf(expression) : expression;
    return { ...expression, operands: expression.operands.map((operand) => operandOf(operand)) };
  }

  function operandOf(operand: Expression<ValueType>): Expression<ValueType> {
    if (isLeaf(operand)) return isCostly(operand) ? localOf(operand) : operand;
    return { ...operand, operands: operand.operands.map(operandOf) };
  }

  function localOf(value: Expression): Local {
    const key = value.code.join();
    const known = constants.get(key);
    if (known !== undefined) return known.local;
    const local = newLocal("v128", "k");
    constants.set(key, { local, value });
    return local;
  }

  const within = (list: readonly Statement[], inLoop: boolean): Statement[] =>
    list.map((statement) => rewritten(statement, inLoop));

  function rewritten(statement: Statement, inLoop: boolean): Statement {
    switch (statement.kind) {
      case "loop":
        return { ...statement, statements: within(statement.statements, true) };
      case "block":
        return { ...statement, statements: within(statement.statements, inLoop) };
      case "if":
        return {
          ...statement,
          condition: inLoop ? hoisted(statement.condition) : statement.condition,
          then: within(statement.then, inLoop),
          otherwise: within(statement.otherwise, inLoop),
        };
      case "do":
        return inLoop ? { ...statement, expression: hoisted(statement.expression) } : statement;
      case "set":
        return inLoop ? { ...statement, value: hoisted(statement.value) } : statement;
      default:
        return statement;
    }
  }

  const rest = within(statements, false);
  return [...[...constants.values()].map(({ local, value }): Statement => ({ kind: "set", local, value })), ...rest];
}

/** Whether V8 needs several instructions for a constant. All zeros and all ones need one. */
function isCostly({ type, op, code }: Expression): boolean {
  return type === "v128" && op.endsWith(".const") && code.slice(2).some((byte) => byte !== code[2]);
}
