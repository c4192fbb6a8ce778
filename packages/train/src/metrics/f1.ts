import { classAverage, type ClassAverageOptions } from "./class-averages.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/**
 * F1, the harmonic mean of precision and recall, as scikit-learn's `f1_score`:
 *
 *     2 TP / (2 TP + FP + FN)
 *
 * Predictions are `[..., classes]` with targets i32 `[...]`, or both are `[...]` for yes or no.
 */
export function f1(options: ClassAverageOptions = {}): StreamingMetric<number, SumsState> {
  return classAverage("f1", options, ({ right, targets, predicted }) => [2 * right, targets + predicted]);
}
