import { keyFor, randomBits, valuesOf, type ArrayTensor } from "@sluice/tensor";

/** The numbers 0 to n - 1 in random order: sorted by one random word each, equal words by number. */
export function shuffled(key: ArrayTensor, n: number): number[] {
  const words = valuesOf(randomBits(keyFor(key, "order"), [n]));
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => words[a]! - words[b]! || a - b);
}
