import { TensorError } from "@sluice/tensor";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { candidatesOf, hide, variablesOf, type Hidden, type HideOptions } from "./hidden.ts";
import { drawnByScore, standardScores } from "./logistic.ts";
import { checkSlope } from "./missing-not-at-random.ts";

/** Options of {@link missingAtRandom}. */
export interface MissingAtRandomOptions extends HideOptions {
  /** The variables that decide, by index. None of their values is hidden. */
  readonly given: readonly number[];
  /** The variables of which values are hidden. Default: all but `given`. */
  readonly variables?: readonly number[];
  /** How fast the log-odds grow with the score z, per standard deviation. Default 3. */
  readonly slope?: number;
}

/**
 * Hides values at random (MAR; Rubin 1976): the probability depends on other variables, which stay visible:
 *
 *     P(hidden) = sigmoid(a + slope z),   z = the mean of the standardized `given` variables at the same step
 *
 * a is such that the mean probability is `rate`. A given variable that was not observed at the step counts as its mean,
 * z = 0.
 *
 * pygrinder's `mar_logistic` draws the given variables and weights of either sign at random, and scales their sum to a
 * deviation of 1; with one given variable it is this with a slope of 1 or -1.
 */
export function missingAtRandom(batch: RaggedBatch, options: MissingAtRandomOptions): Hidden {
  const name = "missingAtRandom";
  const features = batch.values.shape[1] ?? 0;
  const given = variablesOf(name, "given", features, options.given);
  const others = Array.from({ length: features }, (_, variable) => variable).filter((v) => !given.includes(v));
  const { variables = others, slope = 3, rate, key } = options;
  const candidates = candidatesOf(name, batch, { ...options, variables }, ["given", "slope"]);
  const both = variables.find((variable) => given.includes(variable));
  if (both !== undefined)
    throw new TensorError(
      `${name}: variable ${both} is in given and in variables; where a value decides itself, use missingNotAtRandom`,
    );
  checkSlope(name, slope);
  const z = standardScores(batch, candidates);
  const scores = candidates.places.map((at) => {
    const step = at - (at % features);
    const total = given.reduce(
      (sum, variable) => sum + (candidates.isObserved(step + variable) ? z(step + variable) : 0),
      0,
    );
    return total / given.length;
  });
  return hide(batch, drawnByScore(candidates.places, scores, { rate, slope, key }), candidates);
}
