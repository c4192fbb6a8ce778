import { applyOne } from "../apply.ts";
import { allocate, numbers } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Rules } from "../node.ts";
import { checkOptions } from "../options.ts";
import { sizeOf } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";
import { checkDType } from "../arguments.ts";
import type { CumulativeSumOperation } from "./operation.ts";
import { pairwise, SUM_BLOCK } from "./pairwise.ts";
import { normalizeAxis } from "./axes.ts";

/**
 * Every 32 elements a new running sum starts. The totals of the blocks before it, added in pairs (see `pairwise.ts`),
 * are added to each of its elements.
 */
export const cumulativeSumRules: Rules<CumulativeSumOperation> = {
  op: "cumulativeSum",
  recompute: "costly",
  infer({ axis }, [x]) {
    checkDType("cumulativeSum", numbers, x);
    if (x.shape[axis] === undefined) throw new TensorError(`cumulativeSum: ${describe(x)} has no axis ${axis}`);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  evaluate({ axis, reverse }, [x]) {
    const data = allocate(x.dtype, x.data.length);
    const length = nth(x.shape, axis);
    const inner = sizeOf(x.shape.slice(axis + 1));
    const add =
      x.dtype === "f32"
        ? (a: number, b: number): number => Math.fround(a + b)
        : (a: number, b: number): number => a + b;
    for (let outer = 0; outer < data.length; outer += length * inner) {
      for (let i = 0; i < inner; i++) {
        const blocks = pairwise(add);
        let running = 0;
        let before: number | undefined;
        for (let k = 0; k < length; k++) {
          const at = outer + i + (reverse ? length - 1 - k : k) * inner;
          const starts = k % SUM_BLOCK === 0;
          if (starts && k > 0) {
            blocks.push(running);
            before = blocks.total();
          }
          running = starts ? x.data[at]! : add(running, x.data[at]!);
          data[at] = before === undefined ? running : add(before, running);
        }
      }
    }
    return [{ kind: "array", shape: x.shape, dtype: x.dtype, data }];
  },
  gradient: ({ operation: { axis, reverse }, cotangents }) => ({
    cotangents: cotangents.map((g) => g && cumulativeSum(g, axis, { reverse: !reverse })),
  }),
};

/** y_i = x_0 + ... + x_i along `axis`; with `reverse`, from the end. */
export function cumulativeSum(x: Tensor, axis: number, options: { readonly reverse?: boolean } = {}): Tensor {
  const at = normalizeAxis("cumulativeSum", x, axis);
  checkOptions("cumulativeSum", options, ["reverse"]);
  return applyOne(cumulativeSumRules, { op: "cumulativeSum", axis: at, reverse: options.reverse ?? false }, [x]);
}
