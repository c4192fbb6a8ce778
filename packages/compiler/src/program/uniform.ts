/** The value that all elements share, to the bit. */
export function uniformValue(data: ArrayLike<number>): number | undefined {
  const first = data[0];
  if (first === undefined) return 0;
  for (let i = 1; i < data.length; i++) if (!Object.is(data[i], first)) return undefined;
  return first;
}
