import { checkDType } from "../arguments.ts";
import { applyOne } from "../apply.ts";
import { floats, numbers, type Values } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { picked } from "../lists.ts";
import type { Rules } from "../node.ts";
import { checkOptions } from "../options.ts";
import { sizeOf } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { normalizeAxes } from "./axes.ts";
import { spread, sumAxis } from "./broadcast.ts";
import { equal } from "./comparison.ts";
import { convert } from "./elementwise.ts";
import type { ReduceOperation } from "./operation.ts";
import { reduceArray, reducedType, reduceRuns } from "./reduction.ts";

export const reduceMaxRules: Rules<ReduceOperation> = {
  op: "reduceMax",
  recompute: "costly",
  infer({ axis }, [x]) {
    const type = reducedType("reduceMax", numbers, x, axis);
    if (x.shape[axis] === 0)
      throw new TensorError(`reduceMax: axis ${axis} of ${describe(x)} is empty and has no largest element`);
    return [type];
  },
  evaluate: ({ axis }, [x]) => [
    reduceArray(x, axis, maxStrided, (data, first, count) => maxStrided(data, first, 1, count)),
  ],
  gradient({ operation: { axis }, inputs, outputs, cotangents: [g] }) {
    const x = inputs[0];
    if (g === undefined) return { cotangents: [undefined] };
    const largest = convert(equal(x, spread(outputs[0], x.shape, axis)), x.dtype);
    const share = div(g, sumAxis(largest, axis));
    return { cotangents: [mul(largest, spread(share, x.shape, axis))] };
  },
};

/** Sum over `axes` (default all; negative: from the end). The axes disappear unless `keep` is set. */
export function sum(x: Tensor, axes?: number | readonly number[], options: { readonly keep?: boolean } = {}): Tensor {
  checkDType("sum", numbers, x);
  return reduce("sum", x, axes, { options, one: sumAxis });
}

/** Largest element over `axes`. Ties share the gradient equally. */
export function reduceMax(
  x: Tensor,
  axes?: number | readonly number[],
  options: { readonly keep?: boolean } = {},
): Tensor {
  checkDType("reduceMax", numbers, x);
  return reduce("reduceMax", x, axes, { options, one: maxAxis });
}

/** Mean over `axes`; NaN if there are no elements. */
export function mean(x: Tensor, axes?: number | readonly number[], options: { readonly keep?: boolean } = {}): Tensor {
  checkDType("mean", floats, x);
  const count = sizeOf(picked(x.shape, normalizeAxes("mean", x, axes)));
  return div(sum(x, axes, options), count);
}

function reduce(
  name: string,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  given: { readonly options: { readonly keep?: boolean }; readonly one: (x: Tensor, axis: number) => Tensor },
): Tensor {
  const { options, one } = given;
  checkOptions(name, options, ["keep"], { keepdims: "keep", keepDims: "keep", keepdim: "keep" });
  return reduceRuns(x, normalizeAxes(name, x, axes), { keep: options.keep === true, one });
}

const maxAxis = (x: Tensor, axis: number): Tensor => applyOne(reduceMaxRules, { op: "reduceMax", axis }, [x]);

function maxStrided(data: Values, first: number, stride: number, count: number): number {
  let largest = data instanceof Int32Array ? -2147483648 : -Infinity;
  for (let k = 0; k < count; k++) largest = Math.max(largest, data[first + k * stride]!);
  return largest;
}
