import { add, greater, select, sqrt, square, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { MRnnOutput } from "./m-rnn.ts";
import { observedIn, observedWeights, valueWeights, weightedMean, type CountedExamples } from "./observed.ts";

/**
 * The loss of {@link mRnn}, as in PyPOTS: the root mean squared error of the interpolation where something was observed,
 * and that of the imputation, to what was observed and to the interpolation elsewhere.
 *
 *     L = rmse(interpolated, x) where the mask is 1 + rmse(estimated, mask x + (1 - mask) interpolated) at all steps
 *
 * The authors' code has the same two terms and minimizes one after the other. The paper's loss is the squared error of
 * the estimates where something was observed, which `mse(output.estimated, x, { mask })` of `@sluice/train` is. Give it
 * the batch with the `weight` of its rows, as `fit` does.
 */
export function mRnnLoss(output: MRnnOutput, examples: CountedExamples): Tensor {
  checkOptions("mRnnLoss", output, ["interpolated", "estimated", "imputed"]);
  const observed = observedIn("mRnnLoss", examples);
  const { x, mask } = observed;
  const { interpolated, estimated } = output;
  const filled = select(mask, x, interpolated);
  return add(
    rootMean(square(sub(interpolated, x)), observedWeights(examples, observed)),
    rootMean(square(sub(estimated, filled)), valueWeights(examples, observed)),
  );
}

/** The root of a mean; 0 of 0, with a gradient of 0. */
function rootMean(squares: Tensor, weights: Tensor): Tensor {
  const mean = weightedMean(squares, weights);
  const positive = greater(mean, 0);
  return select(positive, sqrt(select(positive, mean, 1)), 0);
}
