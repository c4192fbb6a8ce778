import { eachElement } from "./element-errors.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * The coefficient of determination over the elements that count, as scikit-learn's `r2_score` of flattened arrays with
 * the mask as weights:
 *
 *     1 - sum(w (y - p)^2) / sum(w (y - mean(y))^2)
 *
 * Prediction and target have the same shape `[batch, ...]`. It is not defined if all targets that count are equal. The
 * divisor is `sum(w y^2) - sum(w y)^2 / sum(w)`, from exact sums. Its relative error is about 1e-16 times the ratio of
 * the mean square of the targets to their variance.
 */
export function r2Score(): StreamingMetric<number, SumsState> {
  const name = "r2Score";
  return sumsMetric<number>({
    name,
    better: "higher",
    sums: () => 4,
    add: (add, prediction, target, counted) =>
      eachElement(name, { prediction, target, counted }, (w, p, y) => {
        add(0, w);
        add(1, w * y);
        add(2, w * y * y);
        add(3, w * (y - p) * (y - p));
      }),
    value(sum) {
      const total = sum(2) - (sum(1) * sum(1)) / sum(0);
      // Rounding leaves this much of equal targets.
      if (total <= sum(2) * 4 * Number.EPSILON) return { notDefined: `${name}: all targets that count are equal` };
      return 1 - sum(3) / total;
    },
  });
}
