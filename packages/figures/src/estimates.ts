import { TensorError } from "@sluice/tensor";
import { checkCount } from "./options.ts";

/** Values, and how much each varies: `deviation` to both sides, or from `low` to `high`. NaN is a missing value. */
export interface Estimates {
  readonly values: ArrayLike<number>;
  readonly deviation?: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
}

/** One value. `low` and `high` equal `centre` if nothing is known about its variation. */
export interface Estimate {
  readonly centre: number;
  readonly low: number;
  readonly high: number;
}

/** The values of one name, one for each of `count` places. */
export function estimates(
  operation: string,
  name: string,
  given: ArrayLike<number> | Estimates,
  count: number,
): Estimate[] {
  // Lists too have a member called `values`.
  const { values, deviation, low, high }: Estimates = "length" in given ? { values: given } : given;
  if (deviation !== undefined && (low !== undefined || high !== undefined))
    throw new TensorError(`${operation}: ${name} has both deviation and low or high; give one of them`);
  if ((low === undefined) !== (high === undefined))
    throw new TensorError(`${operation}: ${name} has ${low === undefined ? "high without low" : "low without high"}`);
  for (const [part, list] of Object.entries({ values, deviation, low, high }))
    if (list !== undefined) checkCount(operation, part === "values" ? name : `${part} of ${name}`, list, count);
  return Array.from({ length: count }, (_, index) => {
    const centre = values[index] ?? Number.NaN;
    const by = deviation?.[index] ?? 0;
    const ends = [low?.[index] ?? centre - by, high?.[index] ?? centre + by] as const;
    // An end that is not known leaves the value as it is.
    return {
      centre,
      low: Number.isFinite(ends[0]) ? ends[0] : centre,
      high: Number.isFinite(ends[1]) ? ends[1] : centre,
    };
  });
}

/** Lowest and highest of the values that are numbers and pass `usable`; `null` if there are none. */
export function rangeOf(
  values: Iterable<number>,
  usable: (value: number) => boolean = () => true,
): readonly [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value) || !usable(value)) continue;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return low <= high ? [low, high] : null;
}

/** The stretches of items without a gap. */
export function unbroken<T>(items: readonly T[], usable: (item: T) => boolean): T[][] {
  const runs: T[][] = [];
  let open = false;
  for (const item of items) {
    if (!usable(item)) {
      open = false;
      continue;
    }
    if (!open) runs.push([]);
    open = true;
    runs.at(-1)?.push(item);
  }
  return runs;
}
