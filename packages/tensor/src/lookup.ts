/*
 * Reads of what is always there, where no type can say so: an index or a key that another part made. If it is not there
 * after all, the error names the things, and the fault is in Sluice.
 */

/** The element at an index of a list of the named things. */
export function elementAt<T>(list: ArrayLike<T | undefined>, index: number, what: string): T {
  const element = list[index];
  if (element === undefined) throw new Error(`sluice: no ${what} ${index} among ${list.length}`);
  return element;
}

/** The value of a key in a map of the named things. */
export function foundIn<K, V>(map: ReadonlyMap<K, V | undefined>, key: K, what: string): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`sluice: no such ${what} among ${map.size}`);
  return value;
}
