import { div, equal, select } from "@sluice/tensor";
import { checkOptions, euclideanNorm } from "@sluice/tensor/internal";
import { normAxes, type NormAxes } from "./axes.ts";
import type { Constraint } from "./constraint.ts";

/**
 * `w <- w / |w|` for the weights of each unit. Keras's `UnitNorm`, without its epsilon of 1e-7. Weights that are all
 * zero stay zero, because they have no direction.
 */
export function unitNorm(options: NormAxes = {}): Constraint {
  checkOptions("unitNorm", options, ["axes"], { axis: "axes" });
  return (w) => {
    const norm = euclideanNorm(w, normAxes(w, options), { keep: true });
    return div(w, select(equal(norm, 0), 1, norm));
  };
}
