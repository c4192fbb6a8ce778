import { nth } from "@sluice/tensor/internal";
import type { Body } from "./body.ts";
import { type Expression, isLeaf, type Local, type ValueType } from "./expression.ts";

/**
 * Evaluates expressions of the same form in step: the first instruction of each, then the second of each, and so on.
 * Evaluated one after another, each long chain of dependent instructions would stall the processor, which looks ahead
 * only so far.
 */
export function inStep<T extends ValueType>(body: Body, expressions: readonly Expression<T>[]): Expression<T>[] {
  const known = new Map<Expression, readonly Expression<ValueType>[]>();

  function evaluate<U extends ValueType>(same: readonly Expression<U>[]): readonly Expression<U>[] {
    const [first] = same;
    if (first === undefined || isLeaf(first)) return same;
    return evaluated(same, first);
  }

  function evaluated<U extends ValueType>(
    same: readonly Expression<U>[],
    first: Expression<U>,
  ): readonly Expression<U>[] {
    const operands = first.operands.map((operand, i) => {
      const made = known.get(operand) ?? evaluate(same.map((expression) => nth(expression.operands, i)));
      known.set(operand, made);
      return made;
    });
    return same.map((expression, i): Local<U> =>
      body.let({ ...expression, operands: operands.map((of) => nth(of, i)) }, "s"),
    );
  }

  return [...evaluate(expressions)];
}
