import { classAverage, type ClassAverageOptions } from "./class-averages.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/**
 * Recall, as scikit-learn's `recall_score`: of the rows of a class, the fraction that is predicted as the class.
 * `average: "macro"` is the balanced accuracy, except that a class without targets counts. Predictions are `[...,
 * classes]` with targets i32 `[...]`, or both are `[...]` for yes or no.
 */
export function recall(options: ClassAverageOptions = {}): StreamingMetric<number, SumsState> {
  return classAverage("recall", options, ({ right, targets }) => [right, targets]);
}
