import { TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { classRows, columnsOf, type ClassBatch, type ClassOptions, type ClassRows } from "./class-rows.ts";

/** Options of metrics that compare predicted classes with the targets. */
export interface PredictedClassOptions extends ClassOptions {
  /**
   * For one score per row: the probability above which it is a yes, in (0, 1). Default 0.5. With a score per class, the
   * largest score decides (the first in a tie).
   */
  readonly threshold?: number;
}

export function checkThreshold(operation: string, { threshold = 0.5 }: PredictedClassOptions): void {
  if (!(threshold > 0 && threshold < 1))
    throw new TensorError(
      `${operation}: expected a threshold in (0, 1), got ${shown(threshold)}; it is compared with probabilities`,
    );
}

/** The rows of a batch, with the scores that {@link predictedClass} compares. */
export function predictedRows(operation: string, batch: ClassBatch, options: PredictedClassOptions): ClassRows {
  const { threshold } = options;
  const columns = columnsOf(operation, batch.prediction, batch.target);
  if (threshold !== undefined && columns > 1)
    throw new TensorError(
      `${operation}: a threshold needs one score per row, got ${columns}: with a score per class the largest one decides`,
    );
  const scale = threshold === undefined || threshold === 0.5 ? "as given" : "probabilities";
  return classRows(operation, batch, { ...options, scale });
}

/** The predicted class of a row. */
export function predictedClass(
  { columns, scores }: ClassRows,
  row: number,
  { threshold = 0.5, from = "logits" }: PredictedClassOptions,
): number {
  if (columns === 1) {
    // sigmoid(x) > 0.5 where x > 0, without rounding.
    const limit = threshold === 0.5 && from === "logits" ? 0 : threshold;
    return nth(scores, row) > limit ? 1 : 0;
  }
  let best = 0;
  for (let column = 1; column < columns; column++)
    if (nth(scores, row * columns + column) > nth(scores, row * columns + best)) best = column;
  return best;
}
