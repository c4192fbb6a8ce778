import { isView } from "@sluice/compiler";
import { TensorError, type Tensor } from "@sluice/tensor";
import { type Node } from "@sluice/tensor/internal";
import type { Sources } from "../kernels/source.ts";
import { readsOf } from "./group.ts";
import { isAnchor, isCounting } from "./storage.ts";

/**
 * Where to cut a kernel that would read too many buffers: of the values that `x` is computed from, the one that reads
 * the most buffers within the limit. `within` are the values of the block, `read` those in memory.
 */
export function cutOf(
  x: Tensor,
  limit: number,
  sources: Sources,
  within: ReadonlySet<Node>,
  read: ReadonlySet<Node>,
): Node {
  const seen = new Set<Node>();
  let best: { node: Node; reads: number } | undefined;
  const walk = (tensor: Tensor): void => {
    if (tensor.kind === "array" || !within.has(tensor.node) || seen.has(tensor.node)) return;
    seen.add(tensor.node);
    const { node } = tensor;
    if (read.has(node) && tensor !== x) return;
    if (tensor !== x && !isView(node) && !isAnchor(node) && !isCounting(node)) {
      const reads = readsOf(tensor, sources).length;
      if (reads > 1 && reads <= limit && (best === undefined || reads > best.reads)) best = { node, reads };
    }
    node.inputs.forEach(walk);
  };
  walk(x);
  if (best === undefined)
    throw new TensorError(
      `gpu: ${x.kind === "symbol" ? x.node.operation.op : "a constant"} reads more arrays than the ${limit} that a kernel may read in this mode`,
    );
  return best.node;
}
