import { item, scalar, type Tensor } from "@sluice/tensor";
import { applyOne, isArray, primitives, zip, type Node, type Operation } from "@sluice/tensor/internal";
import type { Beyond } from "../facts/beyond.ts";
import { factsOf } from "../facts/facts.ts";
import { isElementwise } from "../facts/roles.ts";
import { uniformValue } from "../program/uniform.ts";

export function beyondOfConstant(x: Tensor): Beyond {
  return x.kind === "array" ? (x.uniform ?? uniformValue(x.data)) : undefined;
}

/** What is known of a node's result, from what is known of its operands. */
export function beyondOf(node: Node, operands: readonly Beyond[]): Beyond {
  const { operation, inputs, outputs } = node;
  if (isElementwise(node) && operands.every((x) => typeof x === "number")) return evaluated(node, operands);
  return factsOf(operation).beyond({ operation, inputs, outputs, operands });
}

/** For one element, by the operation's definition. */
function evaluated({ operation, inputs }: Node, operands: readonly number[]): Beyond {
  const result = applyOne<Operation>(
    primitives[operation.op],
    operation,
    zip(operands, inputs).map(([value, { dtype }]) => scalar(value, dtype)),
  );
  const value = isArray(result) ? item(result) : NaN;
  return Number.isNaN(value) ? undefined : value;
}
