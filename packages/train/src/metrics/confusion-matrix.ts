import { tensor, type ArrayTensor } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { checkClassOptions, columnsOf } from "./class-rows.ts";
import { checkThreshold, predictedClass, predictedRows, type PredictedClassOptions } from "./predicted-class.ts";
import type { NotDefined, StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * The confusion matrix, as scikit-learn's: f64 `[classes, classes]`, where the element `[i, j]` is the weight of the
 * rows of class i that are predicted as class j. Predictions are `[..., classes]` with targets i32 `[...]`, or both are
 * `[...]` for yes or no, which gives `[2, 2]`.
 */
export function confusionMatrix(options: PredictedClassOptions = {}): StreamingMetric<ArrayTensor, SumsState> {
  const name = "confusionMatrix";
  checkClassOptions(name, options, ["threshold"]);
  checkThreshold(name, options);
  return confusionMetric(name, "neither", options, (counts, classes) =>
    tensor(counts, [classes, classes], { dtype: "f64" }),
  );
}

/** A metric that follows from the confusion matrix. Its rows are targets, its columns predictions. */
export function confusionMetric<V>(
  name: string,
  better: StreamingMetric["better"],
  options: PredictedClassOptions,
  valueOf: (counts: Float64Array, classes: number) => V | NotDefined,
): StreamingMetric<V, SumsState> {
  return sumsMetric({
    name,
    better,
    sums: (prediction, target) => {
      const classes = Math.max(columnsOf(name, prediction, target), 2);
      return 1 + classes * classes;
    },
    add(add, prediction, target, counted) {
      const rows = predictedRows(name, { prediction, target, counted }, options);
      const classes = Math.max(rows.columns, 2);
      rows.targets.forEach((wanted, row) => {
        const weight = nth(rows.weights, row);
        add(0, weight);
        add(1 + wanted * classes + predictedClass(rows, row, options), weight);
      });
      return rows.nans;
    },
    value: (sum, count) =>
      valueOf(
        Float64Array.from({ length: count - 1 }, (_, cell) => sum(cell + 1)),
        Math.sqrt(count - 1),
      ),
  });
}
