import { studyError } from "./error.ts";
import { indexGenerator } from "./statistics/generator.ts";

/** Which fold of the data a trial is tested on, and how many there are. */
export interface Fold {
  /** 0 to `of` - 1. */
  readonly index: number;
  readonly of: number;
}

/** Options of {@link foldRows}. */
export interface FoldRowsOptions {
  /** Seed of the shuffle: with a trial's `seed`, each seed gets another division. */
  readonly seed: number;
  /** The class of each row; each fold then gets its share of every class. */
  readonly classes?: ArrayLike<number | string>;
}

/**
 * Divides the rows 0 to `count` - 1 into folds whose sizes differ by at most one row. Returns the rows on which a fold
 * is tested and the remaining rows for training, in ascending order. The folds of one seed are disjoint and together
 * contain all rows.
 *
 * @throws an error if a fold would be empty.
 */
export function foldRows(
  count: number,
  { index, of }: Fold,
  { seed, classes }: FoldRowsOptions,
): { readonly train: Int32Array; readonly test: Int32Array } {
  if (!Number.isInteger(count) || count < of)
    throw studyError(`foldRows: ${count} rows for ${of} folds, expected an integer of at least one row per fold`);
  if (classes !== undefined && classes.length !== count)
    throw studyError(`foldRows: ${classes.length} classes for ${count} rows, expected one per row`);
  const below = indexGenerator(seed);
  const order = Array.from({ length: count }, (_, row) => row);
  // Fisher-Yates shuffle.
  for (let last = count - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    const row = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = row;
  }
  if (classes !== undefined) {
    const names = [...new Set(Array.from(classes))];
    const places = new Map(names.map((name, place) => [name, place]));
    const placeOf = (row: number): number => places.get(classes[row] ?? "") ?? 0;
    order.sort((a, b) => placeOf(a) - placeOf(b));
  }
  const test = new Uint8Array(count);
  for (let place = index; place < count; place += of) test[order[place] ?? 0] = 1;
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return { train: rows.filter((row) => test[row] === 0), test: rows.filter((row) => test[row] === 1) };
}
