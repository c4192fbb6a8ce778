import { type Expression, isLeaf, type Local, type ResultType, type ValueType } from "./expression.ts";
import { unsigned } from "./leb128.ts";

/**
 * Turns the graph of one statement into a tree. A node that is used more than once is stored in a local where it is
 * first evaluated, and read from there afterwards. Operands are evaluated in order and no expression branches, so the
 * first use always comes before the others.
 */
export function shareCommon<T extends ResultType>(
  root: Expression<T>,
  newLocal: <V extends ValueType>(type: V) => Local<V>,
): Expression<T> {
  const uses = new Map<Expression, number>();
  count(root, uses);
  if (![...uses.values()].some((times) => times > 1)) return root;

  const kept = new Map<Expression, Local>();

  function rewritten<U extends ResultType>(expression: Expression<U>): Expression<U> {
    if (isLeaf(expression)) return expression;
    return { ...expression, operands: expression.operands.map(operand) };
  }

  function operand(expression: Expression<ValueType>): Expression<ValueType> {
    const local = kept.get(expression);
    if (local !== undefined) return local;
    const tree = rewritten(expression);
    if (isLeaf(expression) || (uses.get(expression) ?? 0) < 2) return tree;
    const fresh = newLocal(expression.type);
    kept.set(expression, fresh);
    return {
      type: expression.type,
      op: "local.tee",
      code: [0x22, ...unsigned(fresh.index)],
      operands: [tree],
      note: fresh.name,
    };
  }

  return rewritten(root);
}

function count(expression: Expression, uses: Map<Expression, number>): void {
  for (const operand of expression.operands) {
    if (isLeaf(operand)) continue;
    const times = (uses.get(operand) ?? 0) + 1;
    uses.set(operand, times);
    if (times === 1) count(operand, uses);
  }
}
