import {
  abs,
  add,
  convert,
  div,
  greater,
  mul,
  reduceMax,
  reshape,
  sub,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { BritsEstimates, BritsOutput } from "./brits.ts";
import {
  observedIn,
  observedWeights,
  valueWeights,
  weightedMean,
  type CountedExamples,
  type Observed,
} from "./observed.ts";

/** Options of {@link britsLoss}. */
export interface BritsLossOptions {
  /** The weight of the consistency of both directions. Default 0.1, as in the authors' code. */
  readonly consistency?: number;
  /**
   * Over what errors are averaged: all observed `values` (default), or first the values of each step and then the
   * `steps`, as in the authors' code and in PyPOTS.
   */
  readonly mean?: "values" | "steps";
}

/**
 * The loss of {@link brits} (Cao et al. 2018, arXiv:1805.10572), without its classification:
 *
 *     L = e_f + e_b + consistency mean |f.imputed - b.imputed|
 *     e = (mean |x - history| + mean |x - features| + mean |x - combined|) / 3        over what was observed
 *
 * The third term's mean is over all values within the lengths. Give it the batch with the `weight` of its rows, as `fit`
 * does. For classes add `crossEntropy` of the logits of both directions, divided by 2. The authors' code sums the errors
 * over the steps; PyPOTS, from whose numbers `mean: "steps"` takes this form, averages them.
 */
export function britsLoss(output: BritsOutput, examples: CountedExamples, options: BritsLossOptions = {}): Tensor {
  checkOptions("britsLoss", options, ["consistency", "mean"], { reduction: "mean", weight: "consistency" });
  const { consistency = 0.1, mean = "values" } = options;
  if (!(consistency >= 0 && consistency < Infinity))
    throw new TensorError(`britsLoss: consistency must be a finite number >= 0, got ${shown(consistency)}`);
  if (mean !== "values" && mean !== "steps")
    throw new TensorError(`britsLoss: mean is ${shown(mean)}, expected "values" or "steps"`);
  const observed = observedIn("britsLoss", examples);
  const weights = observedWeights(examples, observed);
  const meanOf = mean === "values" ? weightedMean : meanOfSteps(observed);
  const errors = ({ history, features, combined }: BritsEstimates): Tensor[] =>
    [history, features, combined].map((estimate) => meanOf(abs(sub(estimate, observed.x)), weights));
  const reconstruction = [...errors(output.forward), ...errors(output.backward)].reduce((a, b) => add(a, b));
  const apart = abs(sub(output.forward.imputed, output.backward.imputed));
  return add(div(reconstruction, 3), mul(consistency, weightedMean(apart, valueWeights(examples, observed))));
}

/** The mean over the steps of their means; the steps are those of the longest row. */
const meanOfSteps =
  ({ within }: Observed) =>
  (losses: Tensor, weights: Tensor): Tensor => {
    const ofSteps = weightedMean(losses, weights, [0, 2]);
    const steps = reduceMax(reshape(convert(within, losses.dtype), within.shape.slice(0, 2)), 0);
    const count = sum(steps);
    return div(sum(ofSteps), add(count, convert(greater(1, count), losses.dtype)));
  };
