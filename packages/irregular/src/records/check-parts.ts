/** Checks of the parts of sequences with times: anyone can make them, since they are plain data. */
import { isTensor, TensorError } from "@sluice/tensor";
import { describe, nth, sameShape, shown } from "@sluice/tensor/internal";
import type { Observations } from "./observations.ts";

/** Throws a TensorError that says what is `expected` if a part is not an array of one of these dtypes and this shape. */
export function checkArray(
  place: string,
  given: unknown,
  expected: string,
  dtypes: readonly string[],
  shape: readonly number[],
): void {
  if (!isTensor(given)) throw new TensorError(`${place} is ${shown(given)}, expected ${expected}`);
  if (given.kind !== "array" || !dtypes.includes(given.dtype) || !sameShape(given.shape, shape))
    throw new TensorError(`${place} is ${given.dtype} ${describe(given)}, expected ${expected}`);
}

/** Throws a TensorError if offsets do not divide the times into rows, or if the times of a row do not increase. */
export function checkTimes(
  place: string,
  { offsets, times }: Pick<Observations, "offsets" | "times">,
  nameOf: (row: number) => string = String,
): void {
  const [rows, steps] = [offsets.data.length - 1, times.data.length];
  if (nth(offsets.data, 0) !== 0 || nth(offsets.data, rows) !== steps)
    throw new TensorError(
      `${place}: offsets go from ${offsets.data[0]} to ${offsets.data[rows]}, expected 0 to ${steps}, the number of times`,
    );
  for (let row = 0; row < rows; row++) {
    const [from, to] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
    if (from > to) throw new TensorError(`${place}: offsets decrease at row ${row}, from ${from} to ${to}`);
    for (let step = from; step < to; step++) {
      const time = nth(times.data, step);
      const before = step > from ? nth(times.data, step - 1) : undefined;
      if (!Number.isFinite(time) || (before !== undefined && !(time > before)))
        throw new TensorError(
          `${place}: the times of row ${nameOf(row)} must be finite and increase, got ${time} after ${before ?? "no other"}; sort the steps, and join those of one time`,
        );
    }
  }
}
