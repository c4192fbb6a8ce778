import {
  calibrationMetric,
  checkCalibrationOptions,
  type CalibrationOptions,
  type ReliabilityBin,
} from "./calibration-bins.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/**
 * The data of a reliability diagram (DeGroot and Fienberg 1983; Guo et al. 2017, arXiv 1706.04599): rows by confidence,
 * in bins of equal width, with the mean confidence and the accuracy of each bin that is not empty. The confidence is the
 * largest probability of a row and, for yes or no, the probability of the yes, as in scikit-learn's
 * `calibration_curve`. Predictions are `[..., classes]` with targets i32 `[...]`, or both are `[...]`.
 */
export function reliability(options: CalibrationOptions = {}): StreamingMetric<readonly ReliabilityBin[], SumsState> {
  checkCalibrationOptions("reliability", options);
  return calibrationMetric("reliability", "neither", options, (bins) => bins);
}
