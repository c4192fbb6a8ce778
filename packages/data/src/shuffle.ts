import { keyFor, randomBits, valuesOf, type ArrayTensor } from "@sluice/tensor";

/** 0 to n - 1 in the order of their random words (a draw of the same word twice keeps the order of the numbers). */
export function shuffled(key: ArrayTensor, n: number): number[] {
  const words = valuesOf(randomBits(keyFor(key, "order"), [n]));
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => words[a]! - words[b]! || a - b);
}
