import { checkOperands } from "./arguments.ts";
import type { Node, Rules } from "./node.ts";
import type { Operation } from "./primitives/operation.ts";
import type { ArrayTensor, SymbolTensor, Tensor } from "./tensor.ts";

/** Applies a primitive. On arrays it is evaluated at once; if any input is a symbol, it is recorded as a node. */
export function apply<O extends Operation>(rules: Rules<O>, operation: O, inputs: readonly Tensor[]): readonly Tensor[];
export function apply(rules: Rules<Operation>, operation: Operation, inputs: readonly Tensor[]): readonly Tensor[] {
  checkOperands(operation.op, inputs);
  const types = rules.infer(operation, inputs);
  if (inputs.every(isArray)) return rules.evaluate(operation, inputs);
  return symbolsOf({ operation, rules, inputs, outputs: types });
}

/** {@link apply} for a primitive of one output. */
export function applyOne<O extends Operation>(rules: Rules<O>, operation: O, inputs: readonly Tensor[]): Tensor {
  const [output] = apply(rules, operation, inputs);
  if (output === undefined) throw new Error(`${rules.op} has no output`);
  return output;
}

/** A node's outputs as symbols. */
export function symbolsOf(node: Node): readonly SymbolTensor[] {
  return node.outputs.map(({ shape, dtype }, index) => ({ kind: "symbol", shape, dtype, node, index }));
}

/** Whether a tensor has values. */
export function isArray(x: Tensor): x is ArrayTensor {
  return x.kind === "array";
}
