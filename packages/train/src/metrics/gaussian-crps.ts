import { broadcastTo, convert, TensorError, valuesOf } from "@sluice/tensor";
import { checkTensor, errorFunctionF64, expF64, hasMembers, nth, positionOf, shown } from "@sluice/tensor/internal";
import type { GaussianPrediction } from "../losses/gaussian-nll.ts";
import { checkBroadcasts, checkSameShape } from "../losses/reduce.ts";
import { countedWeights } from "./counted-weights.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import { sumsMetric, type SumsState } from "./sums-metric.ts";

/**
 * The continuous ranked probability score of normal distributions (Gneiting and Raftery 2007, eq. 5), a mean over the
 * targets y that count:
 *
 *     sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)),   z = (y - mu) / sigma
 *
 * The prediction is `{ mean, variance }`, as of {@link gaussianNll}; targets have the shape of the mean. With a variance
 * of 0 it is the absolute error.
 */
export function gaussianCrps(): StreamingMetric<number, SumsState, GaussianPrediction> {
  const name = "gaussianCrps";
  return sumsMetric({
    name,
    better: "lower",
    sums: () => 2,
    add(add, prediction: GaussianPrediction, target, counted) {
      if (!hasMembers(prediction, { mean: "object", variance: "object" }))
        throw new TensorError(`${name}: the prediction is ${shown(prediction)}, expected tensors { mean, variance }`);
      const { mean, variance } = prediction;
      checkSameShape(name, mean, target);
      checkTensor(name, "the variance", variance);
      checkBroadcasts(name, "the variance", variance, mean.shape);
      const weights = countedWeights(name, counted, mean.shape);
      const [mu, y] = [valuesOf(convert(mean, "f64")), valuesOf(convert(target, "f64"))];
      const sigma2 = valuesOf(broadcastTo(convert(variance, "f64"), mean.shape));
      let nans = 0;
      for (let i = 0; i < y.length; i++) {
        const weight = nth(weights, i);
        if (weight === 0) continue;
        if (nth(sigma2, i) < 0)
          throw new TensorError(
            `${name}: the variance is ${sigma2[i]} at [${positionOf(i, mean.shape).join(",")}], expected one >= 0`,
          );
        const score = scoreOf(nth(mu, i), nth(sigma2, i), nth(y, i));
        if (Number.isNaN(score)) nans++;
        else {
          add(0, weight);
          add(1, weight * score);
        }
      }
      return nans;
    },
    value: (sum) => sum(1) / sum(0),
  });
}

function scoreOf(mu: number, sigma2: number, y: number): number {
  if (sigma2 === 0) return Math.abs(y - mu);
  const sigma = Math.sqrt(sigma2);
  const z = (y - mu) / sigma;
  const twicePhi = errorFunctionF64(z / Math.SQRT2);
  const density = expF64((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return sigma * (z * twicePhi + 2 * density - 1 / Math.sqrt(Math.PI));
}
