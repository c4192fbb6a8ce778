import { symbolsOf } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { isNodeOf, type Node } from "../node.ts";
import { inputRules } from "../primitives/name.ts";
import { describe, type SymbolTensor, type Tensor, type Type } from "../tensor.ts";

/**
 * A recorded function: its inputs, its nodes in an order in which they can be computed, and its outputs. Programs are
 * data: passes and gradients turn programs into programs.
 */
export interface Program {
  readonly inputs: readonly SymbolTensor[];
  /** Every node that the outputs need, each after its inputs; input nodes excluded. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly Tensor[];
}

/** A placeholder of a given type. */
export function input(type: Type, label = ""): SymbolTensor {
  const node: Node = {
    operation: { op: "input", label },
    rules: inputRules,
    inputs: [],
    outputs: [{ shape: type.shape, dtype: type.dtype }],
  };
  const [symbol] = symbolsOf(node);
  if (symbol === undefined) throw new Error("an input has one output");
  return symbol;
}

/**
 * The program that computes `outputs` from `inputs`. Throws an error if an output needs a symbol that is not among
 * them.
 */
export function programOf(inputs: readonly SymbolTensor[], outputs: readonly Tensor[]): Program {
  const nodes = nodesOf(outputs, new Set(inputs.map((x) => x.node)));
  for (const node of nodes) {
    if (!isNodeOf(node, "input")) continue;
    throw new TensorError(
      `program: it needs ${describe({ kind: "symbol", ...node.outputs[0], node, index: 0 })}, which belongs to another function being recorded; pass it as an argument`,
    );
  }
  return { inputs, nodes, outputs };
}

/**
 * The nodes that `outputs` need, each after its inputs, in the order in which a depth-first walk finishes them. The
 * walk stops at `known`. With `operandsOf` it follows other edges than the nodes' inputs.
 */
export function nodesOf(
  outputs: readonly Tensor[],
  known: ReadonlySet<Node>,
  operandsOf: (node: Node) => readonly Tensor[] = (node) => node.inputs,
): Node[] {
  const done = new Set<Node>(known);
  const order: Node[] = [];
  // An explicit stack: long chains of operations would overflow the call stack.
  const stack: { node: Node; operands: readonly Tensor[]; next: number }[] = [];
  const visit = (x: Tensor): void => {
    if (x.kind === "symbol" && !done.has(x.node)) stack.push({ node: x.node, operands: operandsOf(x.node), next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const operand = top.operands[top.next++];
      if (operand !== undefined) {
        visit(operand);
        continue;
      }
      stack.pop();
      if (done.has(top.node)) continue;
      done.add(top.node);
      order.push(top.node);
    }
  }
  return order;
}

/** Which of `nodes` (in program order) depend on one of `symbols`. */
export function dependents(nodes: readonly Node[], symbols: Iterable<SymbolTensor>): Set<Node> {
  const set = new Set<Node>();
  const roots = new Map<Node, Set<number>>();
  for (const { node, index } of symbols) roots.set(node, (roots.get(node) ?? new Set()).add(index));
  const depends = (x: Tensor): boolean =>
    x.kind === "symbol" && (roots.get(x.node)?.has(x.index) === true || set.has(x.node));
  for (const node of nodes) if (node.inputs.some(depends)) set.add(node);
  return set;
}
