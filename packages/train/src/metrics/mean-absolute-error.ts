import { eachElement } from "./element-errors.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * Mean absolute error over the elements that count, as scikit-learn's `mean_absolute_error` with the mask as weights:
 *
 *     sum(w |p - y|) / sum(w)
 *
 * Prediction and target have the same shape `[batch, ...]`. A mask of observed values gives the error of an imputation.
 */
export function meanAbsoluteError(): StreamingMetric<number, SumsState> {
  const name = "meanAbsoluteError";
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add: (add, prediction, target, counted) =>
      eachElement(name, { prediction, target, counted }, (w, p, y) => {
        add(0, w);
        add(1, w * Math.abs(p - y));
      }),
    value: (sum) => sum(1) / sum(0),
  });
}
