import { apply } from "../apply.ts";
import { zip } from "../lists.ts";
import type { Node } from "../node.ts";
import type { SymbolTensor, Tensor } from "../tensor.ts";
import { Values } from "./evaluate.ts";
import { dependents, nodesOf } from "./program.ts";

/** `outputs` with every use of `from[i]` replaced by `to[i]`. Nodes that use none of them are shared, not copied. */
export function substitute(outputs: readonly Tensor[], from: readonly SymbolTensor[], to: readonly Tensor[]): Tensor[] {
  const replaced = new Map<Node, Map<number, Tensor>>();
  for (const [x, replacement] of zip(from, to))
    replaced.set(x.node, (replaced.get(x.node) ?? new Map<number, Tensor>()).set(x.index, replacement));
  // The operands of a node that is replaced as a whole are not visited.
  const whole = [...replaced].filter(([node, byIndex]) => byIndex.size === node.outputs.length).map(([node]) => node);
  const nodes = nodesOf(outputs, new Set(whole));
  const affected = dependents(nodes, from);
  const values = new Values();
  const get = (x: Tensor): Tensor => (x.kind === "symbol" ? (replaced.get(x.node)?.get(x.index) ?? values.get(x)) : x);
  for (const node of nodes)
    if (affected.has(node)) values.set(node, apply(node.rules, node.operation, node.inputs.map(get)));
  return outputs.map(get);
}

/**
 * `outputs` with the outputs of whole nodes replaced, in one walk. The replacement of a node may use other nodes that
 * are replaced, but not the node itself.
 */
export function replaceNodes(outputs: readonly Tensor[], replacements: ReadonlyMap<Node, readonly Tensor[]>): Tensor[] {
  const values = new Values();
  for (const node of nodesOf(outputs, new Set(), (x) => replacements.get(x) ?? x.inputs)) {
    const replacement = replacements.get(node);
    if (replacement !== undefined) values.set(node, replacement.map(values.get));
    else if (node.inputs.some((x) => values.get(x) !== x))
      values.set(node, apply(node.rules, node.operation, node.inputs.map(values.get)));
  }
  return outputs.map(values.get);
}
