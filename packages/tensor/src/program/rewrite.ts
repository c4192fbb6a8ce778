import { apply } from "../apply.ts";
import type { Node } from "../node.ts";
import type { SymbolTensor, Tensor } from "../tensor.ts";
import { Values } from "./evaluate.ts";
import { dependents, nodesOf } from "./program.ts";

/** `outputs` with every use of `from[i]` replaced by `to[i]`. Nodes that use none of them are shared, not copied. */
export function substitute(outputs: readonly Tensor[], from: readonly SymbolTensor[], to: readonly Tensor[]): Tensor[] {
  const nodes = nodesOf(outputs, new Set());
  const affected = dependents(nodes, from);
  const values = new Values();
  const replaced = new Map<Node, Map<number, Tensor>>();
  from.forEach((x, i) => replaced.set(x.node, (replaced.get(x.node) ?? new Map<number, Tensor>()).set(x.index, to[i]!)));
  const get = (x: Tensor): Tensor => (x.kind === "symbol" ? (replaced.get(x.node)?.get(x.index) ?? values.get(x)) : x);
  for (const node of nodes) if (affected.has(node)) values.set(node, apply(node.rules, node.operation, node.inputs.map(get)));
  return outputs.map(get);
}
