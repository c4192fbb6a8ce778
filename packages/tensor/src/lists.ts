/*
 * Lists whose lengths no type tells: the axes of a shape, the operands of a loop. Where a list is too short, these
 * throw instead of letting `undefined` through.
 */

/** Element `i` of a list. Throws an error if the list does not have it. */
export function nth<T>(list: ArrayLike<T | undefined>, i: number): T {
  const element = list[i];
  if (element === undefined) throw new RangeError(`a list of ${list.length} has no element ${i}`);
  return element;
}

/** The elements at some positions, in the order of the positions. */
export function picked<T extends NonNullable<unknown>>(list: ArrayLike<T>, positions: readonly number[]): T[] {
  return positions.map((i) => nth(list, i));
}

/** Pairs of the elements at one position of two lists. Throws an error if their lengths differ. */
export function zip<A, B extends NonNullable<unknown>>(a: readonly A[], b: readonly B[]): [A, B][] {
  if (a.length !== b.length) throw new RangeError(`lists of ${a.length} and ${b.length} elements have no pairs`);
  return a.map((x, i) => [x, nth(b, i)]);
}

/** The value for a key that must be there. Throws an error that says what is missing if it is not. */
export function lookUp<K, V>(map: { get(key: K): V | undefined }, key: K, missing: string): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(missing);
  return value;
}
