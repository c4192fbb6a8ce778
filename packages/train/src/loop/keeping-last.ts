/**
 * A function of a number that keeps its last result, for repeated calls with the same number. `make` must always return
 * the same result for the same number.
 */
export function keepingLast<T>(make: (n: number) => T): (n: number) => T {
  let kept: { readonly n: number; readonly value: T } | undefined;
  return (n) => {
    if (kept?.n !== n) kept = { n, value: make(n) };
    return kept.value;
  };
}
