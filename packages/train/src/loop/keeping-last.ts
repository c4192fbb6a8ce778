/**
 * A function of a number whose last result is kept, for calls that ask for the same one again and again. `make` must
 * always give the same for the same number.
 */
export function keepingLast<T>(make: (n: number) => T): (n: number) => T {
  let kept: { readonly n: number; readonly value: T } | undefined;
  return (n) => {
    if (kept?.n !== n) kept = { n, value: make(n) };
    return kept.value;
  };
}
