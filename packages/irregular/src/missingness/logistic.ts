import { uniform, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { expF64 } from "@sluice/tensor/internal";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import type { Candidates } from "./hidden.ts";

/**
 * Draws places with the probabilities `sigmoid(a + slope z)`, where `a` is such that their mean is the rate. `scores`
 * are the z of the places.
 */
export function drawnByScore(
  places: readonly number[],
  scores: readonly number[],
  { rate, slope, key }: { readonly rate: number; readonly slope: number; readonly key: ArrayTensor },
): number[] {
  const a = interceptOf(scores, rate, slope);
  const u = valuesOf(uniform(key, [places.length]));
  return places.filter((_, i) => (u[i] ?? 1) < sigmoid(a + slope * (scores[i] ?? 0)));
}

/** By bisection: the mean probability grows with the intercept. */
function interceptOf(scores: readonly number[], rate: number, slope: number): number {
  const largest = scores.reduce((most, score) => Math.max(most, Math.abs(slope * score)), 0);
  let [low, high] = [-40 - largest, 40 + largest];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    const mean = scores.reduce((total, score) => total + sigmoid(middle + slope * score), 0) / scores.length;
    if (mean < rate) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const sigmoid = (x: number): number => 1 / (1 + expF64(-x));

/** For each variable: how many standard deviations an observed value lies from the mean of the observed ones. */
export function standardScores({ values }: RaggedBatch, { features, isObserved }: Candidates): (at: number) => number {
  const [counts, sums, squares] = [0, 1, 2].map(() => new Float64Array(features));
  const add = (to: Float64Array | undefined, variable: number, value: number): void => {
    if (to !== undefined) to[variable] = (to[variable] ?? 0) + value;
  };
  const valueAt = (at: number): number => values.data[at] ?? Number.NaN;
  const meanOf = (variable: number): number => (sums?.[variable] ?? 0) / Math.max(counts?.[variable] ?? 0, 1);
  values.data.forEach((value, at) => {
    if (!isObserved(at)) return;
    add(counts, at % features, 1);
    add(sums, at % features, value);
  });
  values.data.forEach((value, at) => {
    if (isObserved(at)) add(squares, at % features, (value - meanOf(at % features)) * (value - meanOf(at % features)));
  });
  return (at) => {
    const variable = at % features;
    const deviation = Math.sqrt((squares?.[variable] ?? 0) / Math.max(counts?.[variable] ?? 0, 1));
    return deviation > 0 ? (valueAt(at) - meanOf(variable)) / deviation : 0;
  };
}
