import { byName, checkNames, checkScore } from "../names.ts";
import { checkLevels, relativeRobustness } from "./robustness.ts";

/** How a score holds where one modality becomes worse. */
export interface RobustnessCurves<M extends string> {
  /** The levels of imperfection, such as deviations of noise or rates of dropping. */
  readonly levels: readonly number[];
  /** The score at each level, for each modality. */
  readonly scores: Readonly<Record<M, readonly number[]>>;
  /** The area under each curve: {@link relativeRobustness}. */
  readonly relative: Readonly<Record<M, number>>;
}

/**
 * Robustness curves: the score of a model where one modality at a time gets worse, level by level:
 *
 *     const { relative } = await robustnessCurves(["audio", "text"], [0, 0.1, 0.2, 0.4], async (name, level) => {
 *       const given = noisyModality(test, name, { deviation: level, key: key(1) });
 *       ...                                                    // the accuracy of the model on these
 *     });
 *
 * `score` is called for each modality and level, one after the other. Compare two models by {@link effectiveRobustness}
 * of their scores. Throws a TensorError for fewer than two levels or levels that do not increase, names that come
 * twice, and a score that is not a finite number.
 */
export async function robustnessCurves<const M extends string>(
  names: readonly M[],
  levels: readonly number[],
  score: (name: M, level: number) => number | Promise<number>,
): Promise<RobustnessCurves<M>> {
  const operation = "robustnessCurves";
  checkNames(operation, names);
  checkLevels(operation, levels, 2);
  const curves = new Map<M, number[]>();
  for (const name of names) {
    const scores: number[] = [];
    for (const level of levels)
      scores.push(checkScore(operation, `with ${name} at level ${level}`, await score(name, level)));
    curves.set(name, scores);
  }
  const scoresOf = (name: M): readonly number[] => curves.get(name) ?? [];
  return {
    levels,
    scores: byName(names, scoresOf),
    relative: byName(names, (name) => relativeRobustness(levels, scoresOf(name))),
  };
}
