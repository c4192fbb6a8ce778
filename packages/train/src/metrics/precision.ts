import { classAverage, type ClassAverageOptions } from "./class-averages.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/**
 * Precision, as scikit-learn's `precision_score`: of the rows that are predicted as a class, the fraction that is of the
 * class. Predictions are `[..., classes]` with targets i32 `[...]`, or both are `[...]` for yes or no.
 */
export function precision(options: ClassAverageOptions = {}): StreamingMetric<number, SumsState> {
  return classAverage("precision", options, ({ right, predicted }) => [right, predicted]);
}
