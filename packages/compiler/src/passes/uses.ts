import type { Program, Tensor } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";

/** How often a program reads the outputs of each node, its results included. */
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
 * Whether a loop's step is itself a loop, as in a loop over segments. Its steps are few and large, and it is divided so
 * that little is kept; so nothing of it is stacked to be done for all steps at once.
 */
export function hasLoop(body: Program): boolean {
  return body.nodes.some(({ operation }) => operation.op === "scan");
}
