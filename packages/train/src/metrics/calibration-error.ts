import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { calibrationMetric, checkCalibrationOptions, type CalibrationOptions } from "./calibration-bins.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/** Options of {@link calibrationError}. */
export interface CalibrationErrorOptions extends CalibrationOptions {
  /** "mean": the expected calibration error; "max": that of the worst bin; "root mean square". Default "mean". */
  readonly over?: "mean" | "max" | "root mean square";
}

/**
 * The expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599, eq. 5) over the bins of
 * {@link reliability}:
 *
 *     sum_m |B_m| / n |accuracy(B_m) - confidence(B_m)|
 *
 * Predictions are `[..., classes]` with targets i32 `[...]`, or both are `[...]` for yes or no. Torchmetrics' numbers are
 * the same, except where a confidence is exactly the edge of a bin: it then counts it to the bin above.
 */
export function calibrationError(options: CalibrationErrorOptions = {}): StreamingMetric<number, SumsState> {
  const name = "calibrationError";
  checkCalibrationOptions(name, options, ["over"]);
  const { over = "mean" } = options;
  if (!["mean", "max", "root mean square"].includes(over))
    throw new TensorError(`${name}: expected over as "mean", "max" or "root mean square", got ${shown(over)}`);
  return calibrationMetric(name, "lower", options, (bins) => {
    const total = bins.reduce((sum, { weight }) => sum + weight, 0);
    const gaps = bins.map(({ weight, accuracy, confidence }) => ({
      share: weight / total,
      gap: Math.abs(accuracy - confidence),
    }));
    if (over === "max") return Math.max(...gaps.map(({ gap }) => gap));
    if (over === "mean") return gaps.reduce((sum, { share, gap }) => sum + share * gap, 0);
    return Math.sqrt(gaps.reduce((sum, { share, gap }) => sum + share * gap * gap, 0));
  });
}
