import { checkDType, checkTensor } from "../arguments.ts";
import { floats } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { customGradient } from "../gradient/custom.ts";
import { checkOptions } from "../options.ts";
import { div, max, min, mul } from "../primitives/arithmetic.ts";
import { sameShape } from "../shape.ts";
import { shown } from "../shown.ts";
import { describe, type Operand, type Tensor } from "../tensor.ts";
import { euclideanNorm } from "./norms.ts";

/**
 * The straight-through estimator: the value of `f` and the gradient of the identity, for functions that are flat almost
 * everywhere, such as rounding or a threshold. Bengio, Leonard and Courville, "Estimating or Propagating Gradients
 * Through Stochastic Neurons" (2013). `f` keeps shape and dtype.
 */
export function straightThrough(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  const estimated = customGradient(
    (x: Tensor): Tensor => {
      const y = f(x);
      if (y.dtype === x.dtype && sameShape(y.shape, x.shape)) return y;
      throw new TensorError(
        `straightThrough: the function turns ${x.dtype} ${describe(x)} into ${y.dtype} ${describe(y)}; it must keep shape and dtype`,
      );
    },
    ({ cotangent }) => [cotangent],
  );
  return (x) => {
    checkDType("straightThrough", floats, x);
    return estimated(x);
  };
}

/**
 * Returns `x`; multiplies the gradient that passes through by `factor`, a number or a tensor that broadcasts to `x`. A
 * factor of -1 reverses it (Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", 2015).
 */
export function scaleGradient(x: Tensor, factor: Operand): Tensor {
  checkDType("scaleGradient", floats, x);
  if (typeof factor !== "number") checkTensor("scaleGradient", "the factor", factor);
  return customGradient(
    (same: Tensor) => same,
    ({ cotangent }) => [mul(cotangent, factor)],
  )(x);
}

/**
 * Returns `x`; clips the gradient that passes through. Applied to a state inside a loop, this clips dL/dh_t within
 * back-propagation through time, before it can grow.
 *
 * - `by: "value"` (default): each element to [-max, max];
 * - `by: "norm"`: each row along the last axis, such as the rows of `[batch, features]`, to a Euclidean norm of at most
 *   `max`, keeping its direction.
 *
 * NaN stays NaN.
 */
export function clipGradient(x: Tensor, options: { readonly max: number; readonly by?: "value" | "norm" }): Tensor {
  checkDType("clipGradient", floats, x);
  checkOptions("clipGradient", options, ["max", "by"]);
  const { max: limit, by = "value" } = options;
  if (!(limit > 0 && limit < Infinity))
    throw new TensorError(`clipGradient: max is ${shown(limit)}, expected a finite number above 0`);
  if (by !== "value" && by !== "norm")
    throw new TensorError(`clipGradient: by is ${shown(by)}, expected "value" or "norm"`);
  return customGradient(
    (same: Tensor) => same,
    ({ cotangent }) => [by === "value" ? max(min(cotangent, limit), -limit) : clipRows(cotangent, limit)],
  )(x);
}

function clipRows(g: Tensor, limit: number): Tensor {
  const norm = euclideanNorm(g, g.shape.length === 0 ? [] : -1, { keep: true });
  return mul(g, div(limit, max(norm, limit)));
}
