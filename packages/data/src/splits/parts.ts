import { isTensor, TensorError, valuesOf, type ArrayTensor, type Tensor, type Values } from "@sluice/tensor";
import { checkKey, checkOptions, shown } from "@sluice/tensor/internal";

/**
 * The rows of each part, ascending. Every row is in one part. `rowsOf(examples, split.train)` of @sluice/train takes them.
 */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** Shares of the parts. What is left is for training. */
export interface Shares {
  /** From 0 to less than 1. Default 0. */
  readonly validation?: number;
  /** From 0 to less than 1. Default 0.2. */
  readonly test?: number;
}

/** Shares of the parts, and the key that draws what is in them. */
export interface DrawnShares extends Shares {
  /** The key of the draws: another key gives another split. */
  readonly key: ArrayTensor;
}

/** One value for each row: a tensor `[rows]`, or a list of numbers or words, such as the values of a tensor. */
export type RowValues = Tensor | Values | readonly (number | string)[];

/** Numbers of rows, groups or times for each part. */
export interface Counts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** The values of each row, in a list that is not empty. */
export function rowValues(operation: string, name: string, given: RowValues): readonly (number | string)[] {
  const list = isTensor(given) ? tensorValues(operation, name, given) : given;
  const values: unknown = ArrayBuffer.isView(list) ? [...list] : list;
  if (!isList(values) || values.length === 0)
    throw new TensorError(
      `${operation}: ${name} must be a tensor [rows] or a list with a number or a word for each row, got ${shown(given)}`,
    );
  const at = values.findIndex((value) => typeof value !== "string" && !Number.isFinite(value));
  if (at >= 0)
    throw new TensorError(
      `${operation}: ${name} of row ${at} is ${shown(values[at])}, expected a finite number or a word; leave such rows out`,
    );
  return values;
}

const isList = (given: unknown): given is readonly (number | string)[] => Array.isArray(given);

function tensorValues(operation: string, name: string, given: Tensor): number[] {
  if (given.shape.length !== 1)
    throw new TensorError(`${operation}: ${name} has the shape [${given.shape.join(", ")}], expected [rows]`);
  return [...valuesOf(given)];
}

/** Checks shares and, where there must be one, the key. */
export function checkShares(operation: string, options: Shares & { readonly key?: ArrayTensor }, drawn: boolean): void {
  checkOptions(operation, options, drawn ? ["validation", "test", "key"] : ["validation", "test"], {
    valid: "validation",
    seed: "key",
    testSize: "test",
  });
  if (drawn) checkKey(operation, options.key);
  const { validation = 0, test = 0.2 } = options;
  for (const [name, share] of Object.entries({ validation, test }))
    if (typeof share !== "number" || !(share >= 0 && share < 1))
      throw new TensorError(`${operation}: ${name} must be a share from 0 to less than 1, got ${shown(share)}`);
  if (validation + test >= 1)
    throw new TensorError(`${operation}: validation ${validation} and test ${test} leave nothing for training`);
}

/** How many of `n` fall to each part: shares are rounded up, as in scikit-learn, and the rest is for training. */
export function countsOf(operation: string, n: number, what: string, { validation = 0, test = 0.2 }: Shares): Counts {
  const counts = { validation: Math.ceil(validation * n), test: Math.ceil(test * n) };
  const train = n - counts.validation - counts.test;
  if (train > 0) return { ...counts, train };
  throw new TensorError(
    `${operation}: ${n} ${what} are too few: ${counts.validation} for validation and ${counts.test} for testing leave none for training`,
  );
}

/** Rows by the part that each is in. */
export function splitBy(rows: number, partOf: (row: number) => keyof Split): Split {
  const parts: Record<keyof Split, number[]> = { train: [], validation: [], test: [] };
  for (let row = 0; row < rows; row++) parts[partOf(row)].push(row);
  return {
    train: Int32Array.from(parts.train),
    validation: Int32Array.from(parts.validation),
    test: Int32Array.from(parts.test),
  };
}

/** The part of each place in an order: first those for training, then validation, then test. */
export function partAt(place: number, { train, validation }: Counts): keyof Split {
  return place < train ? "train" : place < train + validation ? "validation" : "test";
}

/** Rows of each distinct value, in the order in which the values first come. */
export function rowsByValue(values: readonly (number | string)[]): Map<number | string, number[]> {
  const groups = new Map<number | string, number[]>();
  values.forEach((value, row) => {
    const rows = groups.get(value);
    if (rows === undefined) groups.set(value, [row]);
    else rows.push(row);
  });
  return groups;
}
