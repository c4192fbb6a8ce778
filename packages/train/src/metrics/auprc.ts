import { rankingMetric, type RankedState, type RankingOptions } from "./ranked-rows.ts";
import type { StreamingMetric } from "./streaming-metric.ts";

/**
 * The area under the curve of precision and recall, as scikit-learn's `average_precision_score`, without interpolation:
 *
 *     sum_n (R_n - R_(n-1)) P_n
 *
 * over the thresholds n, the distinct scores from the largest down. For two classes both predictions and targets are
 * `[...]`, or predictions are `[..., 2]` with targets i32 `[...]`. For more, `[..., classes]`, it is the mean over the
 * classes, each against the rest, with the softmax as its score. It is not defined without positive rows.
 */
export function auprc(options: RankingOptions = {}): StreamingMetric<number, RankedState> {
  const name = "auprc";
  return rankingMetric(name, options, (ties) => {
    const total = ties.reduce((sum, { positive }) => sum + positive, 0);
    if (total === 0) return { notDefined: `${name}: there are no positive targets` };
    let [area, positives, predicted] = [0, 0, 0];
    for (const { positive, negative } of ties.toReversed()) {
      positives += positive;
      predicted += positive + negative;
      area += (positive / total) * (positives / predicted);
    }
    return area;
  });
}
