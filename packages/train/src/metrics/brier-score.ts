import { nth } from "@sluice/tensor/internal";
import { checkClassOptions, classRows, type ClassOptions, type ClassRows } from "./class-rows.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * The score of Brier (1950), a mean over rows, as scikit-learn's `brier_score_loss`: for yes or no `(p - y)^2`, and for
 * classes
 *
 *     sum_k (p_k - [k is the target])^2
 *
 * from 0 to 2. Predictions are `[..., classes]` with targets i32 `[...]`, or both are `[...]`.
 */
export function brierScore(options: ClassOptions = {}): StreamingMetric<number, SumsState> {
  const name = "brierScore";
  checkClassOptions(name, options);
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add(add, prediction, target, counted) {
      const rows = classRows(name, { prediction, target, counted }, { ...options, scale: "probabilities" });
      rows.targets.forEach((_, row) => {
        const weight = nth(rows.weights, row);
        add(0, weight);
        add(1, weight * squaredDistance(rows, row));
      });
      return rows.nans;
    },
    value: (sum) => sum(1) / sum(0),
  });
}

function squaredDistance({ columns, scores, targets }: ClassRows, row: number): number {
  const target = nth(targets, row);
  let sum = 0;
  for (let column = 0; column < columns; column++) {
    const wanted = columns === 1 ? target : Number(column === target);
    const error = nth(scores, row * columns + column) - wanted;
    sum += error * error;
  }
  return sum;
}
