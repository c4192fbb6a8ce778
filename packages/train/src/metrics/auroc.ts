import { rankingMetric, type RankedState, type RankingOptions } from "./ranked-rows.ts";
import type { StreamingMetric } from "./streaming-metric.ts";

/**
 * The area under the receiver operating characteristic, as scikit-learn's `roc_auc_score`: the probability that a
 * positive row has a larger score than a negative one, where equal scores count one half (Hanley and McNeil 1982).
 *
 * For two classes both predictions and targets are `[...]`, or predictions are `[..., 2]` with targets i32 `[...]`. For
 * more, `[..., classes]`, it is the mean over the classes, each against the rest, with the softmax as its score. It is
 * not defined without both positive and negative rows.
 */
export function auroc(options: RankingOptions = {}): StreamingMetric<number, RankedState> {
  const name = "auroc";
  return rankingMetric(name, options, (ties) => {
    let [area, positives, negatives] = [0, 0, 0];
    for (const { positive, negative } of ties) {
      area += positive * (negatives + negative / 2);
      positives += positive;
      negatives += negative;
    }
    if (positives === 0) return { notDefined: `${name}: there are no positive targets` };
    if (negatives === 0) return { notDefined: `${name}: there are no negative targets` };
    return area / positives / negatives;
  });
}
