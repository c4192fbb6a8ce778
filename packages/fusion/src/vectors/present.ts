/** What the equations put in the place of a missing modality. */
import { add, div, exp, greater, max, select, stopGradient, sub, type Tensor } from "@sluice/tensor";
import type { SeenModality } from "../seen.ts";

/** The value where the modality is present, and `otherwise` where it is missing. */
export function whereIn({ present }: Pick<SeenModality, "present">, value: Tensor, otherwise: number): Tensor {
  return present === undefined ? value : select(present, value, otherwise);
}

export const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((total, term) => add(total, term));

/** A modality's score, of any shape that broadcasts with `present`. */
export type Scored = Pick<SeenModality, "present"> & { readonly score: Tensor };

/**
 * The softmax of the modalities' scores, over the modalities that are present. The share of a missing modality is 0. If
 * all are missing, all shares are 0.
 */
export function sharesOf(scored: readonly Scored[]): Tensor[] {
  const counted = scored.map((one) => whereIn(one, one.score, LOWEST));
  const highest = stopGradient(counted.reduce((a, b) => max(a, b)));
  const weights = scored.map((one, m) => whereIn(one, exp(sub(counted[m] ?? one.score, highest)), 0));
  const total = sumOf(weights);
  const divisor = scored.every(({ present }) => present === undefined) ? total : select(greater(total, 0), total, 1);
  return weights.map((weight) => div(weight, divisor));
}

/** Less than any score. */
const LOWEST = -1e30;
