import { applyOne } from "../apply.ts";
import { allocate, numbers } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { Rules } from "../node.ts";
import { sizeOf } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";
import { checkDType } from "./elementwise.ts";
import type { CumulativeSumOperation } from "./operation.ts";
import { normaliseAxes } from "./reduce.ts";

export const cumulativeSumRules: Rules<CumulativeSumOperation> = {
  op: "cumulativeSum",
  infer({ axis }, [x]) {
    checkDType("cumulativeSum", numbers, x!);
    if (x!.shape[axis] === undefined) throw new TensorError(`cumulativeSum: ${describe(x!)} has no axis ${axis}`);
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
  evaluate({ axis, reverse }, [x]) {
    const data = allocate(x!.dtype, x!.data.length);
    const length = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    for (let block = 0; block < data.length; block += length * inner) {
      for (let i = 0; i < inner; i++) {
        for (let k = 0; k < length; k++) {
          const at = block + i + (reverse ? length - 1 - k : k) * inner;
          data[at] = k === 0 ? x!.data[at]! : data[at + (reverse ? inner : -inner)]! + x!.data[at]!;
        }
      }
    }
    return [{ kind: "array", shape: x!.shape, dtype: x!.dtype, data }];
  },
  gradient: ({ operation: { axis, reverse }, cotangents }) => ({
    cotangents: cotangents.map((g) => g && cumulativeSum(g, axis, { reverse: !reverse })),
  }),
};

/** y_i = x_0 + ... + x_i along `axis`; with `reverse`, from the end. */
export function cumulativeSum(x: Tensor, axis: number, options: { readonly reverse?: boolean } = {}): Tensor {
  const [at] = normaliseAxes("cumulativeSum", x, axis);
  return applyOne(cumulativeSumRules, { op: "cumulativeSum", axis: at!, reverse: options.reverse ?? false }, [x]);
}
