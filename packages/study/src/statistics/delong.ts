import { requireConfidence, type StatedInterval } from "./intervals.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { doubledRanks } from "./ranks.ts";
import { mean } from "./summary.ts";

/** The result of {@link delongTest}. */
export interface Delong {
  /** The areas under both ROC curves. */
  readonly areas: readonly [StatedInterval, StatedInterval];
  /** The first area minus the second. */
  readonly difference: StatedInterval;
  /**
   * Two-sided p-value of the hypothesis that both areas are equal; `NaN` if they differ and no example shows any spread,
   * such as areas of 1 and 0.
   */
  readonly p: number;
}

/**
 * Compares the areas under the ROC curves of two models on one test set (DeLong et al. 1988). It says how much the
 * result depends on the examples of the test set. It says nothing about other seeds: both models are given. Examples
 * must be independent; for several windows of a patient use `clusterInterval`.
 *
 * @param labels For each example 1 (positive) or 0.
 * @param first For each example the score by the first model, higher for positive.
 * @param second The same by the second model.
 * @throws an error if the lengths differ, a label is neither 0 nor 1, a class has fewer than two examples, or a score is
 *   not a number.
 */
export function delongTest(
  labels: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  { confidence = 0.95 }: { readonly confidence?: number } = {},
): Delong {
  requireConfidence("delongTest", confidence);
  const a = placements("delongTest", labels, first);
  const b = placements("delongTest", labels, second);
  const minus = (x: readonly number[], y: readonly number[]): number[] => x.map((value, i) => value - (y[i] ?? 0));
  const apart = { positive: minus(a.positive, b.positive), negative: minus(a.negative, b.negative) };
  const difference = stated(apart, confidence);
  const error = Math.sqrt(varianceOf(apart));
  const p =
    error === 0 ? (difference.estimate === 0 ? 1 : Number.NaN) : 2 * normalCdf(-Math.abs(difference.estimate) / error);
  return { areas: [clipped(stated(a, confidence)), clipped(stated(b, confidence))], difference, p };
}

/**
 * For each positive example the share of negative ones with a lower score, half for ties, and for each negative the
 * share of positive ones with a higher score. The mean of either is the area under the ROC curve.
 */
interface Placements {
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

function placements(name: string, labels: ArrayLike<number>, scores: ArrayLike<number>): Placements {
  if (labels.length !== scores.length)
    throw new Error(`${name}: ${scores.length} scores for ${labels.length} labels, expected one per label`);
  const all = Array.from(scores);
  const place = all.findIndex((score) => !Number.isFinite(score));
  if (place >= 0) throw new Error(`${name}: score ${place} is ${all[place]}, expected a finite number`);
  const indices = all.map((_, index) => index);
  const of = (label: number): number[] => indices.filter((index) => labels[index] === label);
  const [negative, positive] = [of(0), of(1)];
  const other = indices.find((index) => labels[index] !== 0 && labels[index] !== 1);
  if (other !== undefined) throw new Error(`${name}: label ${other} is ${labels[other]}, expected 0 or 1`);
  if (positive.length < 2 || negative.length < 2)
    throw new Error(
      `${name}: ${positive.length} positive and ${negative.length} negative examples, expected at least two of each`,
    );
  const ranks = doubledRanks(all);
  // The rank among all minus that within the class is the number of the other class below.
  const below = (own: readonly number[], others: number): number[] => {
    const inside = doubledRanks(own.map((index) => all[index] ?? Number.NaN));
    return own.map((index, i) => ((ranks[index] ?? 0) - (inside[i] ?? 0)) / 2 / others);
  };
  return {
    positive: below(positive, negative.length),
    negative: below(negative, positive.length).map((share) => 1 - share),
  };
}

/** The variance of the area, from the spread of the placements of either class. */
function varianceOf({ positive, negative }: Placements): number {
  return [positive, negative].reduce((sum, values) => {
    const centre = mean(values);
    const squares = values.reduce((total, value) => total + (value - centre) * (value - centre), 0);
    return sum + squares / (values.length - 1) / values.length;
  }, 0);
}

function stated(of: Placements, confidence: number): StatedInterval {
  const estimate = mean(of.positive);
  const half = normalQuantile((1 + confidence) / 2) * Math.sqrt(varianceOf(of));
  const [positives, negatives] = [of.positive.length, of.negative.length];
  const method = `DeLong over ${positives} positive and ${negatives} negative examples of one test set`;
  return { estimate, low: estimate - half, high: estimate + half, confidence, method };
}

/** An area cannot leave 0 to 1. */
function clipped(interval: StatedInterval): StatedInterval {
  return { ...interval, low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
}
