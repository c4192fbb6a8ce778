/** The element at an index. Throws if the list, of the named things, has none there. */
export function elementAt<T>(list: ArrayLike<T>, index: number, what: string): T {
  const element = list[index];
  if (element === undefined) throw new Error(`wasm: there is no ${what} ${index}; there are ${list.length}`);
  return element;
}

/** The value of a key. Throws if the map, of the named things, has none. */
export function valueOf<K, V>(map: ReadonlyMap<K, V>, key: K, what: string): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`wasm: there is no ${what} for this key; there are ${map.size}`);
  return value;
}
