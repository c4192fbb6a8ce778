import { div, less, mul, select, TensorError } from "@sluice/tensor";
import { checkOptions, euclideanNorm, shown } from "@sluice/tensor/internal";
import { normAxes, type NormAxes } from "./axes.ts";
import type { Constraint } from "./constraint.ts";

/**
 * `w <- w min(1, limit / |w|)` for the weights of each unit (Srebro, Shraibman 2005; Hinton et al. 2012, arXiv
 * 1207.0580). Keras's `MaxNorm`, whose default limit is 2, without its epsilon of 1e-7: weights within the limit keep
 * their bits.
 */
export function maxNorm(limit = 2, options: NormAxes = {}): Constraint {
  checkOptions("maxNorm", options, ["axes"], { axis: "axes" });
  if (!(limit > 0 && limit < Infinity))
    throw new TensorError(`maxNorm: expected a finite limit above 0, got ${shown(limit)}`);
  return (w) => {
    const norm = euclideanNorm(w, normAxes(w, options), { keep: true });
    return mul(w, select(less(limit, norm), div(limit, norm), 1));
  };
}
