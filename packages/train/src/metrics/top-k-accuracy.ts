import { TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { checkClassOptions, classRows, type ClassOptions, type ClassRows } from "./class-rows.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/** Options of {@link topKAccuracy}. */
export interface TopKAccuracyOptions extends ClassOptions {
  /** How many of the largest scores may hold the target. */
  readonly k: number;
}

/**
 * The fraction of rows whose target is among the k classes with the largest scores. Predictions are `[..., classes]`,
 * targets i32 `[...]`. Of equal scores the first class counts as the largest, as in `argmax`.
 */
export function topKAccuracy(options: TopKAccuracyOptions): StreamingMetric<number, SumsState> {
  const name = "topKAccuracy";
  checkClassOptions(name, options, ["k"]);
  const { k } = options;
  if (!Number.isInteger(k) || k < 1) throw new TensorError(`${name}: expected an integer k >= 1, got ${shown(k)}`);
  return sumsMetric({
    name,
    better: "higher",
    sums: () => 2,
    add(add, prediction, target, counted) {
      const rows = classRows(name, { prediction, target, counted }, { ...options, scale: "as given" });
      if (rows.columns <= k)
        throw new TensorError(
          `${name}: k is ${k}, but there are only ${rows.columns} classes; expected a k below their number`,
        );
      rows.targets.forEach((_, row) => {
        add(0, nth(rows.weights, row));
        if (rankOf(rows, row) < k) add(1, nth(rows.weights, row));
      });
      return rows.nans;
    },
    value: (sum) => sum(1) / sum(0),
  });
}

/** How many classes come before the target's. */
function rankOf({ columns, scores, targets }: ClassRows, row: number): number {
  const own = nth(targets, row);
  const score = nth(scores, row * columns + own);
  let rank = 0;
  for (let column = 0; column < columns; column++) {
    const other = nth(scores, row * columns + column);
    if (other > score || (other === score && column < own)) rank++;
  }
  return rank;
}
