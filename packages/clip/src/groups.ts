import {
  add,
  convert,
  div,
  leavesOf,
  less,
  mapTree,
  max,
  min,
  mul,
  scalar,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import type { ClipReport } from "./gradient-transform.ts";

/** How {@link clipGroups} divides and measures gradients. */
interface Groups {
  readonly limit: number;
  /** The name of the group that the gradient at a path belongs to. */
  readonly groupOf: (path: string) => string;
  /** The value of a group that is compared with the limit, a scalar. */
  readonly measure: (group: readonly Tensor[]) => Tensor;
}

/**
 * `g <- g min(1, limit / measure)`, group by group. Tensors without elements belong to no group. Reports the largest
 * measure, the limit, and the fraction of groups above it.
 */
export function clipGroups<P extends Tree>(gradients: P, { limit, groupOf, measure }: Groups) {
  const groups = new Map<string, Tensor[]>();
  for (const { path, tensor } of leavesOf(gradients)) {
    if (sizeOf(tensor.shape) === 0) continue;
    const group = groups.get(groupOf(path));
    if (group === undefined) groups.set(groupOf(path), [tensor]);
    else group.push(tensor);
  }
  const measures = new Map([...groups].map(([name, group]) => [name, measure(group)]));
  const clipped = mapTree(gradients, (g, path) => {
    const measured = sizeOf(g.shape) === 0 ? undefined : measures.get(groupOf(path));
    return measured === undefined ? g : mul(g, min(div(limit, measured), 1));
  });
  return { gradients: clipped, report: reportOf([...measures.values()], limit) };
}

function reportOf(measures: readonly Tensor[], limit: number): ClipReport {
  const norm = measures.length === 0 ? scalar(0) : measures.reduce((a, b) => max(a, b));
  const beyond = measures
    .map((measured) => convert(less(limit, measured), norm.dtype))
    .reduce<Tensor>((a, b) => add(a, b), scalar(0, norm.dtype));
  return { norm, limit: scalar(limit, norm.dtype), clipped: div(beyond, Math.max(measures.length, 1)) };
}
