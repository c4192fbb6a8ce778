import { TensorError, type Tensor } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { checkClassOptions, classRows, type ClassOptions, type ClassRows } from "./class-rows.ts";
import type { NotDefined, StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/** Options of {@link reliability} and {@link calibrationError}. */
export interface CalibrationOptions extends ClassOptions {
  /** M, the number of bins of equal width. Default 15. */
  readonly bins?: number;
}

/** A bin of confidences, with at least one row. */
export interface ReliabilityBin {
  /** The bin holds confidences above `from` and up to `to`; the first one holds 0 too. */
  readonly from: number;
  readonly to: number;
  /** The weight of its rows. */
  readonly weight: number;
  /** The mean confidence of its rows. */
  readonly confidence: number;
  /** The fraction of its rows that are right; for yes or no, the fraction of positive targets. */
  readonly accuracy: number;
}

/** A metric of the bins that hold rows, in ascending order. */
export function calibrationMetric<V>(
  name: string,
  better: StreamingMetric["better"],
  options: CalibrationOptions,
  valueOf: (bins: readonly ReliabilityBin[]) => V | NotDefined,
): StreamingMetric<V, SumsState> {
  const { bins = 15, from, ignoreIndex } = options;
  if (!Number.isInteger(bins) || bins < 1)
    throw new TensorError(`${name}: expected an integer number of bins >= 1, got ${shown(bins)}`);
  const own: ClassOptions = { ...(from && { from }), ...(ignoreIndex !== undefined && { ignoreIndex }) };
  return sumsMetric({
    name,
    better,
    sums: () => 1 + 3 * bins,
    add(add, prediction: Tensor, target: Tensor, counted) {
      const rows = classRows(name, { prediction, target, counted }, { ...own, scale: "probabilities" });
      rows.targets.forEach((_, row) => {
        const { confidence, isRight } = judged(rows, row);
        const weight = nth(rows.weights, row);
        const first = 1 + 3 * binOf(confidence, bins);
        add(0, weight);
        add(first, weight);
        add(first + 1, weight * confidence);
        if (isRight) add(first + 2, weight);
      });
      return rows.nans;
    },
    value: (sum) =>
      valueOf(
        Array.from({ length: bins }, (_, bin) => {
          const [weight, confidence, right] = [sum(1 + 3 * bin), sum(2 + 3 * bin), sum(3 + 3 * bin)];
          return {
            from: bin / bins,
            to: (bin + 1) / bins,
            weight,
            confidence: confidence / weight,
            accuracy: right / weight,
          };
        }).filter(({ weight }) => weight > 0),
      ),
  });
}

export function checkCalibrationOptions(
  name: string,
  options: CalibrationOptions,
  further: readonly string[] = [],
): void {
  checkClassOptions(name, options, ["bins", ...further]);
}

/** The confidence of a row, and whether it is right: of the largest probability or, for yes or no, of the yes. */
function judged({ columns, scores, targets }: ClassRows, row: number): { confidence: number; isRight: boolean } {
  if (columns === 1) return { confidence: nth(scores, row), isRight: targets[row] === 1 };
  let best = 0;
  for (let column = 1; column < columns; column++)
    if (nth(scores, row * columns + column) > nth(scores, row * columns + best)) best = column;
  return { confidence: nth(scores, row * columns + best), isRight: targets[row] === best };
}

/** The bin m of M with `m / M < p <= (m + 1) / M`. */
function binOf(p: number, bins: number): number {
  let bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1));
  while (bin > 0 && p <= bin / bins) bin--;
  while (bin < bins - 1 && p > (bin + 1) / bins) bin++;
  return bin;
}
