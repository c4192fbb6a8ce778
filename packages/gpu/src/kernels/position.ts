/*
 * Where in a tensor an element lies, as a sum of variables with whole factors: the number of the thread, a loop's
 * counter, what a division left. Views only rearrange such sums, so an element seen through any of them is still one
 * read.
 */
export interface Index {
  readonly constant: number;
  /** Factors by variable; none is 0. */
  readonly terms: ReadonlyMap<string, number>;
}

/**
 * The most elements of a buffer: a float, which gpu.js indexes with, holds every whole number up to here and not
 * beyond.
 */
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

/** The offset in memory of an element, by the strides of its axes. */
export function offsetOf(indices: readonly Index[], strides: readonly number[], offset: number): Index {
  return indices.reduce((sum, index, axis) => plus(sum, times(index, strides[axis]!)), fixed(offset));
}

/** Two indices are the same where their keys are. */
export function keyOf(index: Index): string {
  return [...index.terms]
    .map(([name, factor]) => `${factor}${name}`)
    .toSorted()
    .concat(String(index.constant))
    .join("+");
}
