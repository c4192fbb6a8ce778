import { keyFor, randomBits, TensorError, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { checkCount } from "../check.ts";

/** The lengths of strings: every number of symbols from `shortest` to `time` is equally likely. */
export interface StringLengths {
  readonly time: number;
  readonly shortest: number;
}

/** Checks the lengths of strings. Without `shortest` all are equally long. */
export function checkLengths(
  operation: string,
  options: { readonly time: number; readonly shortest?: number },
): StringLengths {
  const time = checkCount(operation, "time", options.time);
  const shortest = checkCount(operation, "shortest", options.shortest ?? time);
  if (shortest > time)
    throw new TensorError(`${operation}: shortest must be at most the time of ${time} steps, got ${shortest}`);
  return { time, shortest };
}

export const showLengths = ({ time, shortest }: StringLengths): string =>
  shortest === time ? `${time}` : `${shortest} to ${time}`;

/** Draws `n` strings of symbols from 0 to `symbols` - 1, each string independently of how many there are. */
export function drawStrings(
  n: number,
  key: ArrayTensor,
  { time, shortest }: StringLengths,
  symbols: number,
): Int32Array[] {
  const lengths = valuesOf(randomBits(keyFor(key, "lengths"), [n]));
  const words = valuesOf(randomBits(keyFor(key, "symbols"), [n, time]));
  return Array.from(lengths, (draw, row) => {
    const length = shortest + ((draw >>> 0) % (time - shortest + 1));
    return Int32Array.from(words.subarray(row * time, row * time + length), (word) => (word >>> 0) % symbols);
  });
}
