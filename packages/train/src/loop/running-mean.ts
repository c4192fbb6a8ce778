/** A weighted mean of named numbers, computed in f64, in the order of the calls. */
export interface RunningMean<M extends object> {
  /**
   * Adds values with a weight, such as the number of examples (default 1). With weight 0 it adds nothing, whatever the
   * values.
   */
  add(values: M, weight?: number): void;
  /** The means; empty before the first call of `add`. */
  mean(): M;
  readonly weight: number;
  /** Forgets everything that was added. */
  reset(): void;
}

/** Makes an empty {@link RunningMean}. */
export function runningMean<M extends object>(): RunningMean<M>;
export function runningMean(): RunningMean<Readonly<Record<string, number>>> {
  const sums = new Map<string, number>();
  let total = 0;
  return {
    add(values, weight = 1) {
      if (weight === 0) return;
      total += weight;
      for (const [name, value] of Object.entries(values)) sums.set(name, (sums.get(name) ?? 0) + weight * value);
    },
    mean: () => Object.fromEntries([...sums].map(([name, value]) => [name, value / total])),
    get weight() {
      return total;
    },
    reset() {
      sums.clear();
      total = 0;
    },
  };
}
