import { TensorError } from "@sluice/tensor";
import { byName, checkNames, checkScore } from "../names.ts";

/** What each modality contributes to a score. */
export interface ModalityContributions<M extends string> {
  /** The score of every subset, from the empty one to all modalities. Each lists its modalities in the given order. */
  readonly subsets: readonly { readonly modalities: readonly M[]; readonly score: number }[];
  /** The Shapley value: the mean gain from adding the modality, over all orders in which modalities may be added. */
  readonly shapley: Readonly<Record<M, number>>;
  /** The score of the modality alone. */
  readonly alone: Readonly<Record<M, number>>;
  /** What the score loses without the modality: all modalities less the others. */
  readonly ablation: Readonly<Record<M, number>>;
}

/**
 * What each modality contributes to a score, such as a model's accuracy on a test set, from the scores of all subsets of
 * modalities:
 *
 *     const { shapley } = await modalityContributions(["audio", "text"], async (present) => {
 *       const kept = keepModalities(test, present);
 *       ...                                                    // the accuracy of the model on these
 *     });
 *
 * With v(S) the score of a subset S of M modalities, the Shapley value of m (Shapley 1953) is
 *
 *     sum over S without m of |S|! (M - |S| - 1)! / M! (v(S + m) - v(S))
 *
 * The Shapley values add up to `v(all) - v(none)`. `score` is called once for each of the 2^M subsets, one after the
 * other. Throws a TensorError for no or more than 12 modalities, names that come twice, and a score that is not a finite
 * number.
 */
export async function modalityContributions<const M extends string>(
  names: readonly M[],
  score: (present: readonly M[]) => number | Promise<number>,
): Promise<ModalityContributions<M>> {
  checkCount(names);
  const scores: number[] = [];
  for (let subset = 0; subset < 1 << names.length; subset++) {
    const present = membersOf(names, subset);
    const of = `with ${present.join(", ") || "no modality"}`;
    scores.push(checkScore("modalityContributions", of, await score(present)));
  }
  const all = scores.length - 1;
  const at = (subset: number): number => scores[subset] ?? Number.NaN;
  return {
    subsets: scores.map((value, subset) => ({ modalities: membersOf(names, subset), score: value })),
    shapley: byName(names, (_, m) => shapleyValue(scores, names.length, m)),
    alone: byName(names, (_, m) => at(1 << m)),
    ablation: byName(names, (_, m) => at(all) - at(all & ~(1 << m))),
  };
}

function shapleyValue(scores: readonly number[], modalities: number, m: number): number {
  const weights = orderShares(modalities);
  return scores.reduce((total, without, subset) => {
    if ((subset & (1 << m)) !== 0) return total;
    const gain = (scores[subset | (1 << m)] ?? Number.NaN) - without;
    return total + (weights[sizeOf(subset)] ?? Number.NaN) * gain;
  }, 0);
}

/** `s! (M - s - 1)! / M!` for s = 0 ... M - 1: the share of orders in which a given set of s comes just before m. */
function orderShares(modalities: number): number[] {
  const shares = [1 / modalities];
  for (let s = 1; s < modalities; s++) shares.push(((shares[s - 1] ?? 0) * s) / (modalities - s));
  return shares;
}

const membersOf = <M extends string>(names: readonly M[], subset: number): M[] =>
  names.filter((_, m) => (subset & (1 << m)) !== 0);

const sizeOf = (subset: number): number => (subset === 0 ? 0 : (subset & 1) + sizeOf(subset >> 1));

function checkCount(names: readonly string[]): void {
  checkNames("modalityContributions", names);
  if (names.length > 12)
    throw new TensorError(
      `modalityContributions: expected 1 to 12 modalities, got ${names.length}; there are 2^M subsets to score`,
    );
}
