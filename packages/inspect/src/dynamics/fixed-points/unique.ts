import { nth } from "@sluice/tensor/internal";
import { distance } from "./candidates.ts";

/** States that are the same point, and the first of them. */
export interface Group<T> {
  readonly first: T;
  count: number;
}

/**
 * Groups states that are within a distance of the first of their group. Give the best ones first: they are what groups
 * are made around.
 */
export function unique<T extends { readonly state: Float64Array; readonly count: number }>(
  ordered: readonly T[],
  within: number,
): readonly Group<T>[] {
  const groups: Group<T>[] = [];
  for (const one of ordered) {
    const group = groups.find(({ first }) => distance(first.state, one.state) <= within);
    if (group === undefined) groups.push({ first: one, count: one.count });
    else group.count += one.count;
  }
  return groups;
}

/** The order of two states by their first coordinates that differ by more than a distance. */
export function byCoordinates(within: number): (a: Float64Array, b: Float64Array) => number {
  return (a, b) => {
    const at = a.findIndex((value, i) => Math.abs(value - nth(b, i)) > within);
    return at < 0 ? 0 : nth(a, at) - nth(b, at);
  };
}
