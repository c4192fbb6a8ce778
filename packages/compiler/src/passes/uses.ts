import type { Program, Tensor } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";

/** How often a program reads the outputs of each node. The program's results count as reads. */
export function countUses(program: Program): Map<Node, number> {
  const uses = new Map<Node, number>();
  const use = (x: Tensor): void => {
    if (x.kind === "symbol") uses.set(x.node, (uses.get(x.node) ?? 0) + 1);
  };
  for (const node of program.nodes) node.inputs.forEach(use);
  program.outputs.forEach(use);
  return uses;
}

/**
 * Whether a loop's step is itself a loop, as in a loop over segments. Such steps are few and large, and the loop was
 * divided to keep little. Nothing of it is therefore stacked for all steps at once.
 */
export function hasLoop(body: Program): boolean {
  return body.nodes.some(({ operation }) => operation.op === "scan");
}
