import { nth } from "@sluice/tensor/internal";
import { checkClassOptions } from "./class-rows.ts";
import { checkThreshold, predictedClass, predictedRows, type PredictedClassOptions } from "./predicted-class.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * The fraction of rows whose predicted class is the target's, as scikit-learn's `accuracy_score`. Predictions are
 * `[..., classes]` with targets i32 `[...]`, or both are `[...]` for yes or no.
 */
export function accuracyScore(options: PredictedClassOptions = {}): StreamingMetric<number, SumsState> {
  const name = "accuracyScore";
  checkClassOptions(name, options, ["threshold"]);
  checkThreshold(name, options);
  return sumsMetric({
    name,
    better: "higher",
    sums: () => 2,
    add(add, prediction, target, counted) {
      const rows = predictedRows(name, { prediction, target, counted }, options);
      rows.targets.forEach((wanted, row) => {
        add(0, nth(rows.weights, row));
        if (predictedClass(rows, row, options) === wanted) add(1, nth(rows.weights, row));
      });
      return rows.nans;
    },
    value: (sum) => sum(1) / sum(0),
  });
}
