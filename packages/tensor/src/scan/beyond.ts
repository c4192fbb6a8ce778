import { nth } from "../lists.ts";
import { isNodeOf } from "../node.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/indexing.ts";
import { reshape } from "../primitives/layout.ts";
import { isFloat } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/** The axes of the steps and the rows of a tensor: 0 and 1, or 1 and 0. */
export interface StepAxes {
  readonly time: 0 | 1;
  readonly batch: 0 | 1;
}

/**
 * `x` with zeros at the steps beyond each row's length. Whatever is there, NaN included, then cannot reach anything
 * that reads the result, forwards or backwards. `lengths` is i32 [batch]. Integers and bools stay unchanged: they have
 * no NaN and no gradient. Outputs of a loop with the same lengths stay unchanged too, because they are zero there
 * already.
 */
export function zeroBeyond(x: Tensor, lengths: Tensor, { time, batch }: StepAxes): Tensor {
  if (!isFloat(x.dtype) || isZeroBeyond(x, lengths, time)) return x;
  const along = (axis: number): number[] => x.shape.map((n, i) => (i === axis ? n : 1));
  const steps = iota(along(time), { axis: time });
  return select(less(steps, reshape(lengths, along(batch))), x, 0);
}

function isZeroBeyond(x: Tensor, lengths: Tensor, time: number): boolean {
  let [seen, axis]: [Tensor, number] = [x, time];
  while (seen.kind === "symbol" && (isNodeOf(seen.node, "transpose") || isNodeOf(seen.node, "name"))) {
    if (seen.node.operation.op === "transpose") axis = nth(seen.node.operation.axes, axis);
    seen = seen.node.inputs[0];
  }
  if (seen.kind === "array" || seen.node.operation.op !== "scan" || axis !== 0) return false;
  const { operation, inputs } = seen.node;
  const own = operation.lengths === undefined ? undefined : inputs[operation.lengths];
  if (own === undefined || seen.index < operation.states) return false;
  return (
    own === lengths ||
    (own.kind === "symbol" && lengths.kind === "symbol" && own.node === lengths.node && own.index === lengths.index)
  );
}
