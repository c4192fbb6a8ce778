import { isNodeOf } from "../node.ts";
import { labelOf, type SymbolTensor, type Tensor } from "../tensor.ts";
import { input, dependents, nodesOf, programOf, type Program } from "./program.ts";
import { substitute } from "./rewrite.ts";

/** A program that uses nothing from outside, and what the original used. */
export interface Closed {
  /** Inputs: the captures, then the program's own inputs. */
  readonly program: Program;
  /** Tensors of the enclosing program that the program uses. */
  readonly captures: readonly SymbolTensor[];
}

/**
 * Closes a recorded function over the tensors that it uses from outside. Whatever does not depend on its own inputs is
 * computed outside, once, and passed in. For a loop's body this moves invariant work out of the loop.
 */
export function close(inputs: readonly SymbolTensor[], outputs: readonly Tensor[]): Closed {
  const own = new Set(inputs.map((x) => x.node));
  const nodes = nodesOf(outputs, own);
  const inner = dependents(nodes, inputs);
  const captures: SymbolTensor[] = [];
  const seen = new Map<SymbolTensor["node"], Set<number>>();
  const capture = (used: Tensor): void => {
    let x = used;
    // A broadcast stays inside. It costs nothing there, and its gradient is summed over the repeated axes in every step
    // instead of being kept in full size.
    while (x.kind === "symbol" && !own.has(x.node) && !inner.has(x.node) && isNodeOf(x.node, "broadcast"))
      x = x.node.inputs[0];
    if (x.kind === "array" || own.has(x.node) || inner.has(x.node)) return;
    const indices = seen.get(x.node) ?? new Set<number>();
    seen.set(x.node, indices);
    if (indices.has(x.index)) return;
    indices.add(x.index);
    captures.push(x);
  };
  for (const node of nodes) if (inner.has(node)) node.inputs.forEach(capture);
  outputs.forEach(capture);
  const placeholders = captures.map((x) => input(x, labelOf(x)));
  return { program: programOf([...placeholders, ...inputs], substitute(outputs, captures, placeholders)), captures };
}
