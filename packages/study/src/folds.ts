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
  /**
   * The group of each row, such as its patient; the rows of a group are then in one fold. Folds are made as equal in
   * rows as the groups allow, but may differ by more than one row. Not together with `classes`.
   */
  readonly groups?: ArrayLike<number | string>;
  /**
   * The share of the other folds' rows that is for validation, at most 0.5; rounded to the nearest 1/n, and divided off
   * like a fold. Default 0: none.
   */
  readonly validation?: number;
}

/**
 * Divides the rows 0 to `count` - 1 into folds whose sizes differ by at most one row. Returns the rows on which a fold
 * is tested and the remaining rows for training and validation, in ascending order. The folds of one seed are disjoint
 * and together contain all rows. The sizes, and the rows of each class, are those of scikit-learn's KFold,
 * StratifiedKFold and GroupKFold.
 *
 * @throws an error if a fold would be empty.
 */
export function foldRows(
  count: number,
  fold: Fold,
  { validation = 0, ...options }: FoldRowsOptions,
): { readonly train: Int32Array; readonly validation: Int32Array; readonly test: Int32Array } {
  if (!(validation >= 0 && validation <= 0.5))
    throw studyError(`foldRows: validation is ${validation}, expected a share from 0 to 0.5`);
  const { rest, test } = divided(count, fold, options);
  if (validation === 0) return { train: rest, validation: new Int32Array(0), test };
  const { seed, classes, groups } = options;
  const inner = divided(
    rest.length,
    { index: 0, of: Math.round(1 / validation) },
    {
      seed,
      ...(classes !== undefined && { classes: Array.from(rest, (row) => classes[row] ?? "") }),
      ...(groups !== undefined && { groups: Array.from(rest, (row) => groups[row] ?? "") }),
    },
  );
  const rowsAt = (places: Int32Array): Int32Array => places.map((place) => rest[place] ?? 0);
  return { train: rowsAt(inner.rest), validation: rowsAt(inner.test), test };
}

/** The rows of a fold, and all others. */
function divided(
  count: number,
  { index, of }: Fold,
  { seed, classes, groups }: FoldRowsOptions,
): { readonly rest: Int32Array; readonly test: Int32Array } {
  if (!Number.isInteger(count) || count < of)
    throw studyError(`foldRows: ${count} rows for ${of} folds, expected an integer of at least one row per fold`);
  for (const [name, values] of Object.entries({ classes, groups }))
    if (values !== undefined && values.length !== count)
      throw studyError(`foldRows: ${values.length} ${name} for ${count} rows, expected one per row`);
  if (classes !== undefined && groups !== undefined)
    throw studyError("foldRows: expected classes or groups, got both; a fold of whole groups has no choice of classes");
  const foldOf = groups === undefined ? byPlace(count, of, seed, classes) : byGroup(groups, of, seed);
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return { rest: rows.filter((row) => foldOf[row] !== index), test: rows.filter((row) => foldOf[row] === index) };
}

/** The fold of each row: rows in random order, class after class, are dealt out one by one. */
function byPlace(count: number, of: number, seed: number, classes?: ArrayLike<number | string>): Int32Array {
  const order = shuffledRows(count, seed);
  if (classes !== undefined) {
    const names = [...new Set(Array.from(classes))];
    const places = new Map(names.map((name, place) => [name, place]));
    const placeOf = (row: number): number => places.get(classes[row] ?? "") ?? 0;
    order.sort((a, b) => placeOf(a) - placeOf(b));
  }
  const foldOf = new Int32Array(count);
  order.forEach((row, place) => (foldOf[row] = place % of));
  return foldOf;
}

/** The fold of each row: the largest group first, each into the fold with the fewest rows, the first of equal ones. */
function byGroup(groups: ArrayLike<number | string>, of: number, seed: number): Int32Array {
  const names = [...new Set(Array.from(groups))];
  if (names.length < of)
    throw studyError(`foldRows: ${names.length} groups for ${of} folds, expected at least one each`);
  const places = new Map(names.map((name, place) => [name, place]));
  const groupOf = Array.from(groups, (name) => places.get(name) ?? 0);
  const sizes = new Int32Array(names.length);
  for (const group of groupOf) sizes[group] = (sizes[group] ?? 0) + 1;
  // Among groups of one size the order is random.
  const order = shuffledRows(names.length, seed).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const [filled, foldOfGroup] = [new Int32Array(of), new Int32Array(names.length)];
  for (const group of order) {
    const fold = filled.indexOf(Math.min(...filled));
    foldOfGroup[group] = fold;
    filled[fold] = (filled[fold] ?? 0) + (sizes[group] ?? 0);
  }
  return Int32Array.from(groupOf, (group) => foldOfGroup[group] ?? 0);
}

/** The numbers 0 to `count` - 1 in random order, by the shuffle of Fisher and Yates. */
function shuffledRows(count: number, seed: number): number[] {
  const below = indexGenerator(seed);
  const order = Array.from({ length: count }, (_, row) => row);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    const row = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = row;
  }
  return order;
}
