import { isNodeOf, nth, type Node } from "@sluice/tensor/internal";
import { isElementwise } from "../facts/roles.ts";
import type { AxisReduction } from "./plan.ts";

/** The reduction of a node, if it is one. */
export function reductionOf(node: Node): AxisReduction | undefined {
  if (!isNodeOf(node, "reduceSum") && !isNodeOf(node, "reduceMax")) return undefined;
  const { op, axis } = node.operation;
  return { op: op === "reduceSum" ? "sum" : "max", dtype: node.outputs[0].dtype, axis };
}

export function sameReduction(a: AxisReduction, b: AxisReduction): boolean {
  return a.op === b.op && a.dtype === b.dtype && a.axis === b.axis;
}

/**
 * The reductions of a block that may be computed by the pass that computes their operand, so that the operand need not
 * go through memory. A pass walks along one axis, so of the reductions of one value these are alike. Its rows, axis 0,
 * stay apart, because they are divided. `isWhole` says of a node that it is done for all rows.
 */
export function reductionsInPasses(nodes: readonly Node[], isWhole: (node: Node) => boolean): Set<Node> {
  const own = new Set(nodes);
  const known = new Map<Node, AxisReduction>();
  return new Set(
    nodes.filter((node) => {
      const reduction = reductionOf(node);
      const operand = nth(node.inputs, 0);
      if (reduction === undefined || reduction.axis === 0 || operand.kind === "array") return false;
      const made = operand.node;
      if (!own.has(made) || !isElementwise(made) || !isWhole(node) || !isWhole(made)) return false;
      const first = known.get(made) ?? reduction;
      known.set(made, first);
      return sameReduction(first, reduction);
    }),
  );
}
