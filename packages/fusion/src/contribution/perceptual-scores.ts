import { keyFor, randomBits, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { checkKey, checkOptions } from "@sluice/tensor/internal";
import { checkSize } from "../inputs.ts";
import { byName, checkNames, checkScore } from "../names.ts";

/** Options of {@link perceptualScores}. */
export interface PerceptualScoresOptions {
  /** The number of examples. */
  readonly rows: number;
  /** The random key of the orders. */
  readonly key: ArrayTensor;
  /** How many random orders of each modality are scored. Default 5. */
  readonly orders?: number;
}

/** A modality and the order in which its rows are taken, for {@link permuteModality}. */
export interface Permuted<M extends string> {
  readonly name: M;
  /** i32 `[rows]` */
  readonly order: Int32Array;
}

/** What a model perceives of each modality. */
export interface PerceptualScores<M extends string> {
  /** The score with everything in place. */
  readonly score: number;
  /** What the score loses where the modality comes from other examples: the score less the mean of `permuted`. */
  readonly loss: Readonly<Record<M, number>>;
  /** The loss divided by the score. NaN if the score is 0. */
  readonly share: Readonly<Record<M, number>>;
  /** The score with each order of the modality. */
  readonly permuted: Readonly<Record<M, readonly number[]>>;
}

/**
 * The perceptual score of each modality (Gat et al. 2021, arXiv:2110.14375): what a score loses if the modality is
 * permuted over the examples. Unlike a modality that is missing, a permuted one has its true distribution:
 *
 *     const { share } = await perceptualScores(["audio", "text"], async (permuted) => {
 *       const given = permuted === undefined ? test : permuteModality(test, permuted.name, permuted.order);
 *       ...                                                    // the accuracy of the model on these
 *     }, { rows: 500, key: key(1) });
 *
 * `score` is called once with undefined and then `orders` times for each modality, one after the other. Throws a
 * TensorError for names that come twice, a score that is not a finite number, and a wrong option.
 */
export async function perceptualScores<const M extends string>(
  names: readonly M[],
  score: (permuted: Permuted<M> | undefined) => number | Promise<number>,
  options: PerceptualScoresOptions,
): Promise<PerceptualScores<M>> {
  const operation = "perceptualScores";
  checkNames(operation, names);
  checkOptions(operation, options, ["rows", "key", "orders"], {
    examples: "rows",
    permutations: "orders",
    repeats: "orders",
    seed: "key",
  });
  const { rows, key, orders = 5 } = options;
  checkKey(operation, key);
  for (const [option, value] of Object.entries({ rows, orders })) checkSize(operation, option, value);
  const whole = checkScore(operation, "with everything in place", await score(undefined));
  const permuted = new Map<M, number[]>();
  for (const name of names) {
    const scores: number[] = [];
    for (let i = 0; i < orders; i++) {
      const order = randomOrder(keyFor(key, `${name} ${i}`), rows);
      scores.push(checkScore(operation, `with ${name} permuted`, await score({ name, order })));
    }
    permuted.set(name, scores);
  }
  const scoresOf = (name: M): readonly number[] => permuted.get(name) ?? [];
  const loss = (name: M): number => whole - scoresOf(name).reduce((a, b) => a + b, 0) / orders;
  return {
    score: whole,
    loss: byName(names, loss),
    share: byName(names, (name) => (whole === 0 ? Number.NaN : loss(name) / whole)),
    permuted: byName(names, scoresOf),
  };
}

/** The rows in the order of random words. */
function randomOrder(key: ArrayTensor, rows: number): Int32Array {
  const words = valuesOf(randomBits(key, [rows]));
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => (words[a] ?? 0) - (words[b] ?? 0) || a - b);
}
