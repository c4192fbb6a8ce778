/** Which of two values is better. */
export type Better = "lower" | "higher";

export interface Improvement {
  readonly better: Better;
  /** By how much a value must be better than the best so far to count as an improvement. Default 0: by anything. */
  readonly least?: number;
}

/** Whether a value is better than the best so far, `undefined` where there is none. NaN is worse than anything. */
function improves(value: number, best: number | undefined, { better, least = 0 }: Improvement): boolean {
  if (best === undefined) return true;
  if (Number.isNaN(best)) return !Number.isNaN(value);
  return (better === "lower" ? best - value : value - best) > least;
}

/**
 * The place of the last improvement, which is that of the best value, of equals the first; with `least`, a value counts
 * only where it is better by more than that. -1 of no values.
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

/** When and how far the learning rate is reduced. */
export interface ReduceOnPlateau {
  /** What the learning rate is multiplied by each time, between 0 and 1. Default 0.1. */
  readonly factor?: number;
  /** Evaluations without improvement, since the best or the last reduction, after which it is reduced. */
  readonly patience: number;
  /** The smallest part of the learning rate that is left. Default 0. */
  readonly min?: number;
}

/**
 * What is left of the learning rate after these values: reduced by `factor` each time that `patience` of them in a row
 * were no improvement.
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
