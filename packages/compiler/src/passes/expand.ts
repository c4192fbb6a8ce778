import { evaluate, type Program } from "@sluice/tensor";
import { apply } from "@sluice/tensor/internal";
import { rewrite } from "./rewrite.ts";

/**
 * Puts the bodies of checkpoints in their place and drops names. A checkpoint's gradient has a copy of the body of its
 * own, so what was to be computed again still is.
 */
export function inlineBodies(program: Program): Program {
  return rewrite(program, (node, inputs) => {
    switch (node.operation.op) {
      case "checkpoint":
        return evaluate(inlineBodies(node.operation.body), inputs);
      case "name":
      case "stopGradient":
        return inputs;
      case "scan":
        return apply(node.rules, { ...node.operation, body: inlineBodies(node.operation.body) }, inputs);
      default:
        return undefined;
    }
  });
}
