/** Which of two values is better. */
export type Better = "lower" | "higher";

export interface Improvement {
  readonly better: Better;
  /**
   * How much better than the best so far a value must be to count as an improvement. Default 0: any improvement counts.
   */
  readonly least?: number;
}

/** Whether a value is better than the best so far (`undefined` if there is none). NaN is worse than any number. */
function improves(value: number, best: number | undefined, { better, least = 0 }: Improvement): boolean {
  if (best === undefined) return true;
  if (Number.isNaN(best)) return !Number.isNaN(value);
  return (better === "lower" ? best - value : value - best) > least;
}

/**
 * The index of the last improvement. This is the index of the best value, the first one if several are equal. With
 * `least`, only values that are better by more than `least` count. -1 if there are no values.
 */
export function bestOf(values: readonly number[], improvement: Improvement): number {
  let best = -1;
  values.forEach((value, i) => {
    if (improves(value, values[best], improvement)) best = i;
  });
  return best;
}

/** Whether the last `patience` values brought no improvement. */
export function runsOut(
  values: readonly number[],
  { patience, ...improvement }: Improvement & { readonly patience: number },
): boolean {
  return values.length - 1 - bestOf(values, improvement) >= patience && values.length > 0;
}

/** Whether a value is as good as a goal, or better. NaN is not. */
export const reaches = (value: number, goal: number, { better }: Pick<Improvement, "better">): boolean =>
  better === "lower" ? value <= goal : value >= goal;

/** When and by how much the learning rate is reduced. */
export interface ReduceOnPlateau {
  /** The factor for each reduction, between 0 and 1. Default 0.1. */
  readonly factor?: number;
  /** Reduces after this many evaluations without improvement, counted from the best one or from the last reduction. */
  readonly patience: number;
  /** The smallest fraction of the initial learning rate. Default 0. */
  readonly min?: number;
}

/**
 * The fraction of the learning rate that remains after these values: it is multiplied by `factor` after every
 * `patience` values in a row without improvement.
 */
export function plateauScale(
  values: readonly number[],
  { factor = 0.1, patience, min = 0, ...improvement }: ReduceOnPlateau & Improvement,
): number {
  let best: number | undefined;
  let [scale, since] = [1, 0];
  for (const value of values) {
    const improved = improves(value, best, improvement);
    if (improved) best = value;
    since = improved ? 0 : since + 1;
    if (since < patience) continue;
    scale = Math.max(scale * factor, min);
    since = 0;
  }
  return scale;
}
