import { eachElement } from "./element-errors.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * Mean relative error over the elements that count, as imputation papers use it (Cao et al. 2018, BRITS, arXiv
 * 1805.10572):
 *
 *     sum(w |p - y|) / sum(w |y|)
 *
 * Prediction and target have the same shape `[batch, ...]`. It is not defined if all targets that count are 0.
 */
export function meanRelativeError(): StreamingMetric<number, SumsState> {
  const name = "meanRelativeError";
  return sumsMetric<number>({
    name,
    better: "lower",
    sums: () => 3,
    add: (add, prediction, target, counted) =>
      eachElement(name, { prediction, target, counted }, (w, p, y) => {
        add(0, w);
        add(1, w * Math.abs(p - y));
        add(2, w * Math.abs(y));
      }),
    value: (sum) => (sum(2) === 0 ? { notDefined: `${name}: all targets that count are 0` } : sum(1) / sum(2)),
  });
}
