/** The states from which a search begins, and what lies far from all of them. */
import { checkTensor, isFloat, nth, showShape } from "@sluice/tensor/internal";
import { keyFor, normal, randomBits, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";

/** The visited states of `[..., n]` that have no NaN, each an f64 vector. */
export function visitedStates(operation: string, visited: Tensor, n: number): readonly Float64Array[] {
  checkTensor(operation, "the tensor of visited states", visited);
  if (!isFloat(visited.dtype) || visited.shape.length === 0 || visited.shape.at(-1) !== n)
    throw new TensorError(
      `${operation}: the visited states must be float vectors [..., ${n}], as from stateTrajectory, got ${visited.dtype} ${showShape(visited.shape)}`,
    );
  const values = valuesOf(visited);
  const states = Array.from({ length: values.length / n }, (_, i) =>
    Float64Array.from(values.subarray(i * n, (i + 1) * n)),
  ).filter((state) => state.every(Number.isFinite));
  if (states.length > 0) return states;
  throw new TensorError(`${operation}: no visited state is finite; the rows may have no steps, or the run diverges`);
}

/** Draws visited states, each as likely as the others, and adds noise to them. */
export function drawCandidates(
  visited: readonly Float64Array[],
  { candidates, noise, key }: { readonly candidates: number; readonly noise: number; readonly key: ArrayTensor },
): readonly Float64Array[] {
  const n = nth(visited, 0).length;
  const draws = valuesOf(randomBits(keyFor(key, "visited"), [candidates]));
  const noises = valuesOf(normal(keyFor(key, "noise"), [candidates, n], { dtype: "f64" }));
  return Array.from(draws, (bits, i) =>
    nth(visited, (bits >>> 0) % visited.length).map((value, j) => value + noise * nth(noises, i * n + j)),
  );
}

/** Where visited states are. */
export interface Region {
  readonly middle: Float64Array;
  /** The mean distance of the states from their middle. */
  readonly spread: number;
}

export function regionOf(visited: readonly Float64Array[]): Region {
  const middle = nth(visited, 0).map((_, j) => visited.reduce((sum, s) => sum + nth(s, j), 0) / visited.length);
  return { middle, spread: visited.reduce((sum, s) => sum + distance(s, middle), 0) / visited.length };
}

/** The Euclidean distance of two vectors. */
export function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (nth(a, i) - nth(b, i)) * (nth(a, i) - nth(b, i));
  return Math.sqrt(sum);
}
