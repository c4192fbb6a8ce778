import { eachElement } from "./element-errors.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * Root mean squared error over the elements that count, as scikit-learn's `root_mean_squared_error` of flattened arrays
 * with the mask as weights:
 *
 *     sqrt(sum(w (p - y)^2) / sum(w))
 *
 * Prediction and target have the same shape `[batch, ...]`.
 */
export function rootMeanSquaredError(): StreamingMetric<number, SumsState> {
  const name = "rootMeanSquaredError";
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add: (add, prediction, target, counted) =>
      eachElement(name, { prediction, target, counted }, (w, p, y) => {
        add(0, w);
        add(1, w * (p - y) * (p - y));
      }),
    value: (sum) => Math.sqrt(sum(1) / sum(0)),
  });
}
