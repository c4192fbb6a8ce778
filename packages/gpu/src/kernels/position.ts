import { nth } from "@sluice/tensor/internal";

/*
 * The position of an element in a tensor, as a sum of variables with integer factors. The variables are the thread
 * number, loop counters, and results of divisions. Views only rearrange such sums, so an element seen through different
 * views is still read once.
 */
export interface Index {
  readonly constant: number;
  /** The factor of each variable; never 0. */
  readonly terms: ReadonlyMap<string, number>;
}

/** The most elements of a buffer. gpu.js computes indices in floats, which are exact up to here. */
export const MOST_ELEMENTS = 16_777_216;

export function fixed(constant: number): Index {
  return { constant, terms: new Map() };
}

export function variable(name: string): Index {
  return { constant: 0, terms: new Map([[name, 1]]) };
}

export function plus(a: Index, b: Index): Index {
  const terms = new Map(a.terms);
  for (const [name, factor] of b.terms) {
    const sum = (terms.get(name) ?? 0) + factor;
    if (sum === 0) terms.delete(name);
    else terms.set(name, sum);
  }
  return { constant: a.constant + b.constant, terms };
}

export function times(a: Index, n: number): Index {
  if (n === 0) return fixed(0);
  return { constant: a.constant * n, terms: new Map([...a.terms].map(([name, factor]) => [name, factor * n])) };
}

/** The offset of an element in memory, from the strides of its axes. */
export function offsetOf(indices: readonly Index[], strides: readonly number[], offset: number): Index {
  return indices.reduce((sum, index, axis) => plus(sum, times(index, nth(strides, axis))), fixed(offset));
}

/** A key that is equal for equal indices. */
export function keyOf(index: Index): string {
  return [...index.terms]
    .map(([name, factor]) => `${factor}${name}`)
    .toSorted()
    .concat(String(index.constant))
    .join("+");
}
