import { convert, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkTensor, describe, nth, sameShape } from "@sluice/tensor/internal";
import { countedWeights } from "./counted-weights.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/** A mean of scores, each of a distribution given by `members` numbers, the last axis of the prediction. */
export function membersMetric(
  name: string,
  what: string,
  check: (members: number) => void,
  scoreOf: (members: Float64Array, y: number) => number,
): StreamingMetric<number, SumsState> {
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add(add, prediction: Tensor, target: Tensor, counted) {
      checkTensor(name, "the prediction", prediction);
      checkTensor(name, "the target", target);
      const members = prediction.shape.at(-1) ?? 0;
      if (members === 0 || !sameShape(prediction.shape, [...target.shape, members]))
        throw new TensorError(
          `${name}: the target ${describe(target)} needs the prediction [${[...target.shape, what].join(",")}], got ${describe(prediction)}`,
        );
      check(members);
      const weights = countedWeights(name, counted, target.shape);
      const [all, y] = [Float64Array.from(valuesOf(prediction)), valuesOf(convert(target, "f64"))];
      let nans = 0;
      for (let i = 0; i < y.length; i++) {
        const [weight, wanted] = [nth(weights, i), nth(y, i)];
        const own = all.subarray(i * members, (i + 1) * members);
        if (weight === 0) continue;
        if (Number.isNaN(wanted) || own.some(Number.isNaN)) nans++;
        else {
          add(0, weight);
          add(1, weight * scoreOf(own, wanted));
        }
      }
      return nans;
    },
    value: (sum) => sum(1) / sum(0),
  });
}
