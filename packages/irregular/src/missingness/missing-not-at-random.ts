import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { candidatesOf, hide, type Hidden, type HideOptions } from "./hidden.ts";
import { drawnByScore, standardScores } from "./logistic.ts";

/** Options of {@link missingNotAtRandom}. */
export interface MissingNotAtRandomOptions extends HideOptions {
  /** How fast the log-odds grow with the value, per standard deviation. Default 3; negative hides low values. */
  readonly slope?: number;
}

/**
 * Hides values not at random (MNAR; Rubin 1976): the probability depends on the hidden value itself. High values are
 * hidden more often than low ones:
 *
 *     P(hidden) = sigmoid(a + slope z),   z = (value - mean) / deviation of the variable's observed values
 *
 * a is such that the mean probability is `rate`. A large slope makes a threshold: of one sequence and one variable,
 * exactly the highest values are hidden, as by pygrinder's `mnar_x`. That takes the mean and deviation of each sequence
 * and a threshold instead of a rate.
 */
export function missingNotAtRandom(batch: RaggedBatch, options: MissingNotAtRandomOptions): Hidden {
  const candidates = candidatesOf("missingNotAtRandom", batch, options, ["slope"]);
  const { slope = 3, rate, key } = options;
  checkSlope("missingNotAtRandom", slope);
  const z = standardScores(batch, candidates);
  return hide(batch, drawnByScore(candidates.places, candidates.places.map(z), { rate, slope, key }), candidates);
}

/** Throws if a slope is not a finite number other than 0. */
export function checkSlope(operation: string, slope: number): void {
  if (!(Number.isFinite(slope) && slope !== 0))
    throw new TensorError(
      `${operation}: slope must be a finite number other than 0, got ${shown(slope)}; with 0, values are missing completely at random`,
    );
}
