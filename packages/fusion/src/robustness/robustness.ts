import { TensorError } from "@sluice/tensor";
import { checkList, shown } from "@sluice/tensor/internal";

/**
 * Relative robustness (MultiBench; Liang et al. 2021, arXiv:2107.07502, `eval_scripts/robustness.py`): the area under
 * the curve of a score over levels of imperfection, by trapezoids:
 *
 *     sum over i of (l_(i+1) - l_i) (f_i + f_(i+1)) / 2
 *
 * MultiBench's levels are 0, 0.1, 0.2, ... It then scales the areas of several methods to [0, 1], which is left to
 * you. Throws a TensorError for fewer than two scores, levels that do not increase, and numbers that are not finite.
 */
export function relativeRobustness(levels: readonly number[], scores: readonly number[]): number {
  checkCurve("relativeRobustness", levels, scores);
  return scores.slice(1).reduce((area, score, i) => {
    const [l, next, f] = [levels[i] ?? 0, levels[i + 1] ?? 0, scores[i] ?? 0];
    return area + ((next - l) * (f + score)) / 2;
  }, 0);
}

/**
 * Effective robustness (MultiBench, as for {@link relativeRobustness}): how much better a score holds than that of a
 * baseline (there late fusion) which is shifted so that both begin equal:
 *
 *     sum over i of f_i - (b_i + f_0 - b_0)
 *
 * Throws a TensorError for curves of unequal or no length, and for numbers that are not finite.
 */
export function effectiveRobustness(scores: readonly number[], baseline: readonly number[]): number {
  checkList("effectiveRobustness", "scores", scores, "[0.8, 0.7]");
  const levels = Array.from(scores, (_, i) => i);
  checkCurve("effectiveRobustness", levels, scores, 1);
  checkCurve("effectiveRobustness: the baseline", levels, baseline, 1);
  const shift = (scores[0] ?? 0) - (baseline[0] ?? 0);
  return scores.reduce((total, score, i) => total + (score - ((baseline[i] ?? 0) + shift)), 0);
}

/** Throws if a curve does not have a finite score for each level, or if the levels do not increase. */
function checkCurve(operation: string, levels: readonly number[], scores: readonly number[], least = 2): void {
  checkList(operation, "scores", scores, "[0.8, 0.7]");
  checkLevels(operation, levels, least);
  if (scores.length !== levels.length)
    throw new TensorError(`${operation}: expected ${levels.length} scores, one for each level, got ${scores.length}`);
  const wrong = scores.find((score) => !Number.isFinite(score));
  if (wrong !== undefined) throw new TensorError(`${operation}: a score is ${shown(wrong)}, expected finite numbers`);
}

export function checkLevels(operation: string, levels: readonly number[], least = 1): void {
  checkList(operation, "levels", levels, "[0, 0.1, 0.2]");
  if (levels.length < least)
    throw new TensorError(`${operation}: expected at least ${least} levels, got ${levels.length}`);
  const wrong = levels.findIndex((level, i) => !Number.isFinite(level) || (i > 0 && !(level > (levels[i - 1] ?? 0))));
  if (wrong >= 0) {
    const after = wrong > 0 ? ` after ${levels[wrong - 1]}` : "";
    throw new TensorError(`${operation}: levels must be finite and increase, got ${shown(levels[wrong])}${after}`);
  }
}
