import { isTensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { isArray, sameShape, shown, threefry2x32 } from "@sluice/tensor/internal";

/**
 * A random order of 0 to n - 1: Fisher-Yates shuffle (Knuth, vol. 2, 3.4.2, algorithm P) on the words of Threefry under
 * `key` (i32 [2]), counted from 0. Words in the last, incomplete multiple of a bound are rejected, so every order is
 * equally likely.
 */
export function permutation(key: ArrayTensor, n: number): Int32Array {
  if (!Number.isInteger(n) || n < 0)
    throw new TensorError(`permutation: expected a number of elements >= 0, got ${shown(n)}`);
  if (!isTensor(key) || !isArray(key) || key.dtype !== "i32" || !sameShape(key.shape, [2]))
    throw new TensorError(`permutation: the key is ${shown(key)}, expected key(seed)`);
  const next = words(key);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1, next);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

function below(bound: number, next: () => number): number {
  const limit = 4294967296 - (4294967296 % bound);
  for (;;) {
    const word = next();
    if (word < limit) return word % bound;
  }
}

function words({ data }: ArrayTensor): () => number {
  const [k0, k1] = [data[0]! >>> 0, data[1]! >>> 0];
  let counter = 0;
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const word = spare;
      spare = undefined;
      return word;
    }
    const [first, second] = threefry2x32(k0, k1, counter++, 0);
    spare = second;
    return first;
  };
}
