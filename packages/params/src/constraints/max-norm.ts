import { div, less, mul, select, TensorError } from "@sluice/tensor";
import { checkOptions, euclideanNorm } from "@sluice/tensor/internal";
import type { Constraint } from "./constraint.ts";

export interface MaxNormOptions {
  /**
   * The axes over which each norm is taken. Default: all but the last, so that the weights into each unit are one
   * vector, as weights are `[input, units]`: Keras's `axis=0`. A tensor of one axis is one vector.
   */
  readonly axes?: readonly number[];
}

/**
 * `w <- w min(1, limit / |w|)` for the weights of each unit (Srebro, Shraibman 2005; Hinton et al. 2012, arXiv
 * 1207.0580). Keras's `MaxNorm`, whose default limit is 2, without its epsilon of 1e-7: weights within the limit keep
 * their bits.
 */
export function maxNorm(limit = 2, options: MaxNormOptions = {}): Constraint {
  checkOptions("maxNorm", options, ["axes"], { axis: "axes" });
  if (!(limit > 0 && limit < Infinity)) throw new TensorError(`maxNorm: expected a finite limit above 0, got ${limit}`);
  return (w) => {
    const { axes = w.shape.length <= 1 ? undefined : w.shape.slice(0, -1).map((_, axis) => axis) } = options;
    const norm = euclideanNorm(w, axes, { keep: true });
    return mul(w, select(less(limit, norm), div(limit, norm), 1));
  };
}
