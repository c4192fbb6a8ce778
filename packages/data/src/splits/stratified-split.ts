import { keyFor, TensorError } from "@sluice/tensor";
import { shuffled } from "../shuffle.ts";
import {
  checkShares,
  countsOf,
  rowsByValue,
  rowValues,
  splitBy,
  type DrawnShares,
  type RowValues,
  type Split,
} from "./parts.ts";

/**
 * Splits rows so that each part has the classes in nearly the same shares (scikit-learn's StratifiedShuffleSplit). The
 * number of rows of each part is its share, rounded up; each class gets its share of them, rounded down, and what is
 * left goes to the classes with the largest remainders (of equal ones to those that come first in `labels`). Each class
 * needs at least 2 rows, and each part that is not empty at least as many rows as there are classes.
 */
export function stratifiedSplit(labels: RowValues, options: DrawnShares): Split {
  checkShares("stratifiedSplit", options, true);
  const values = rowValues("stratifiedSplit", "labels", labels);
  const classes = rowsByValue(values);
  const counts = countsOf("stratifiedSplit", values.length, "rows", options);
  for (const [name, rows] of classes)
    if (rows.length < 2)
      throw new TensorError(`stratifiedSplit: the class ${name} has 1 row, so it cannot be in two parts; leave it out`);
  for (const [part, count] of Object.entries(counts))
    if (count > 0 && count < classes.size)
      throw new TensorError(`stratifiedSplit: ${part} has ${count} rows, fewer than the ${classes.size} classes`);
  const sizes = [...classes.values()].map(({ length }) => length);
  const train = allocated(sizes, counts.train);
  const rest = sizes.map((size, i) => size - (train[i] ?? 0));
  const test = allocated(rest, counts.test);
  const parts = new Map<number, keyof Split>();
  [...classes].forEach(([name, rows], i) => {
    const [trained = 0, tested = 0] = [train[i], test[i]];
    shuffled(keyFor(options.key, `class ${name}`), rows.length).forEach((at, place) => {
      const part = place < trained ? "train" : place < trained + tested ? "test" : "validation";
      parts.set(rows[at] ?? 0, part);
    });
  });
  return splitBy(values.length, (row) => parts.get(row) ?? "train");
}

/** Divides `count` among classes in proportion to their sizes, by largest remainders. */
function allocated(sizes: readonly number[], count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (total === 0 ? 0 : (size * count) / total));
  const whole = exact.map(Math.floor);
  const left = count - whole.reduce((sum, n) => sum + n, 0);
  const remainder = (i: number): number => (exact[i] ?? 0) - (whole[i] ?? 0);
  const largest = sizes.map((_, i) => i).sort((a, b) => remainder(b) - remainder(a) || a - b);
  const more = new Set(largest.slice(0, left));
  return whole.map((n, i) => n + (more.has(i) ? 1 : 0));
}
