import { nth } from "@sluice/tensor/internal";
import type { Statement } from "./body.ts";
import type { Expression } from "./expression.ts";

/** An expression as text: mnemonics as calls, variables by name, constants as numbers. */
function printExpression(expression: Expression): string {
  const { op, note, operands } = expression;
  if (op === "local.get") return note;
  if (op === "local.tee") return `(${note} = ${printExpression(nth(operands, 0))})`;
  if (op.endsWith(".const")) return op === "i32.const" ? note : `${op}(${note})`;
  const parts = operands.map(printExpression);
  const [address, ...rest] = parts;
  if (note.startsWith("+") && address !== undefined) return `${op}(${[`${address} ${note}`, ...rest].join(", ")})`;
  return `${op}(${[...parts, ...(note === "" ? [] : [note])].join(", ")})`;
}

export function printStatements(statements: readonly Statement[], indent: string): string[] {
  return statements.flatMap((statement) => {
    switch (statement.kind) {
      case "do":
        return [indent + printExpression(statement.expression)];
      case "set":
        return [`${indent}${statement.local.name} = ${printExpression(statement.value)}`];
      case "block":
      case "loop":
        return [`${indent}${statement.label.name}:`, ...printStatements(statement.statements, `${indent}  `)];
      case "if": {
        const then = [
          `${indent}if ${printExpression(statement.condition)}`,
          ...printStatements(statement.then, `${indent}  `),
        ];
        if (statement.otherwise.length === 0) return then;
        return [...then, `${indent}else`, ...printStatements(statement.otherwise, `${indent}  `)];
      }
      case "branch": {
        const condition = statement.condition === undefined ? "" : ` if ${printExpression(statement.condition)}`;
        return [`${indent}branch ${statement.label.name}${condition}`];
      }
      case "return":
        return [`${indent}return${statement.value === undefined ? "" : ` ${printExpression(statement.value)}`}`];
      case "unreachable":
        return [`${indent}unreachable`];
    }
  });
}
