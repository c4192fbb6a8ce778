import type { Layer } from "@sluice/cells";
import { foldRows } from "@sluice/study";
import { leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { rowsOf, type Parts } from "@sluice/train";
import type { BatchesIfNeeded, OwnParts } from "./batching.ts";
import type { Measured } from "./evaluate-model.ts";
import { fit, type Fitted } from "./fit.ts";
import type { FitData, FitOptions } from "./fit-options.ts";
import { given } from "./given.ts";
import { modelOf, type Model, type SequenceExamples } from "./model.ts";

/** How examples are divided into folds. */
export interface FoldsOptions {
  /** The number of parts. Each part is tested once, by a model trained on the others. */
  readonly folds: number;
  /** The class of each example, for stratified folds. Required if a function makes the data of a fold. */
  readonly classes?: ArrayLike<number | string>;
  /**
   * The group of each example, such as its patient: the examples of a group are in one fold, and all of them are for
   * training or for validation. Not together with `classes`.
   */
  readonly groups?: ArrayLike<number | string>;
  /**
   * The share of the training examples used for validation, such as 0.1; rounded to the nearest 1/n. Required by
   * options that need validation data, such as `keep: "best"`. Default: none.
   */
  readonly validation?: number;
}

/** A fold, and the model tested on it. */
export interface FoldResult<P extends Tree, E, O extends Tree, M extends string> {
  readonly trained: Fitted<P, E, O, M>;
  /** Loss and metrics on the examples of this fold, which were not trained on. */
  readonly test: Measured<M>;
  /** The rows of the data by use, in ascending order. */
  readonly rows: FoldRows;
}

/** The rows of the data by use in one fold, in ascending order. */
export interface FoldRows {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * Makes the data of a fold. What is fitted to data, such as a scaler, is fitted here, to the rows for training alone.
 */
export type DataOfFold<E> = (rows: FoldRows) => FitData<E> & { readonly test: E };

/** Options of {@link crossValidate}. */
export type CrossValidateOptions<P extends Tree, E, B extends Parts, O extends Tree, M extends string> = FoldsOptions &
  Omit<FitOptions<P, E, B, O, M>, "resume">;

/**
 * k-fold cross-validation: calls {@link fit} once per fold and tests on that fold. All folds start with the same
 * weights. The seed determines the division into folds.
 *
 * The examples are tensors by name, of which each fold takes rows, or a function from the rows of a fold to its data:
 *
 *     crossValidate(model, (rows: FoldRows) => physionet2012Examples(stays, rows), { folds: 5, classes: valuesOf(stays.y), ... })
 */
export async function crossValidate<
  P extends Tree,
  E extends Parts,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  dataOfFold: DataOfFold<E>,
  options: CrossValidateOptions<P, E, B, Tensor, M> & BatchesIfNeeded<E, B>,
): Promise<FoldResult<P, E, Tensor, M>[]>;
export async function crossValidate<
  P extends Tree,
  E extends Parts,
  O extends Tree,
  M extends string = never,
  B extends Parts = OwnParts<E>,
>(
  model: Model<P, NoInfer<B>, O>,
  dataOfFold: DataOfFold<E>,
  options: CrossValidateOptions<P, E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<FoldResult<P, E, O, M>[]>;
export async function crossValidate<
  P extends Tree,
  E extends Parts,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  examples: E,
  options: CrossValidateOptions<P, E, B, Tensor, M> & BatchesIfNeeded<E, B>,
): Promise<FoldResult<P, E, Tensor, M>[]>;
export async function crossValidate<
  P extends Tree,
  E extends Parts,
  O extends Tree,
  M extends string = never,
  B extends Parts = OwnParts<E>,
>(
  model: Model<P, NoInfer<B>, O>,
  examples: E,
  options: CrossValidateOptions<P, E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<FoldResult<P, E, O, M>[]>;
export async function crossValidate<P extends Tree, E extends Parts, O extends Tree, M extends string, B extends Parts>(
  model: Layer<P> | Model<P, B, O>,
  examples: E | DataOfFold<E>,
  options: CrossValidateOptions<P, E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<FoldResult<P, E, O, M>[]> {
  return eachFold(modelOf(model), examples, options);
}

async function eachFold<P extends Tree, E extends Parts, O extends Tree, M extends string, B extends Parts>(
  model: Model<P, B, O>,
  examples: E | DataOfFold<E>,
  options: CrossValidateOptions<P, E, B, O, M>,
): Promise<FoldResult<P, E, O, M>[]>;
async function eachFold(
  model: Model<Tree, Parts, Tree>,
  examples: Parts | DataOfFold<Parts>,
  { folds, classes, groups, validation, ...options }: CrossValidateOptions<Tree, Parts, Parts, Tree, string>,
): Promise<FoldResult<Tree, Parts, Tree, string>[]> {
  const results: FoldResult<Tree, Parts, Tree, string>[] = [];
  const count = countOf(examples, classes ?? groups);
  for (const rows of foldsOf(count, { folds, ...given({ classes, groups, validation }) }, options.seed ?? 0)) {
    const made = isOfFold(examples) ? examples(rows) : dataOf(examples, rows);
    // A fold without rows for validation has no validation data.
    const data = rows.validation.length === 0 ? without(made) : made;
    const trained = await fit(model, data, options);
    // Aborted: a model whose training did not finish is not tested.
    if (trained.test === undefined) break;
    results.push({ trained, test: trained.test, rows });
  }
  return results;
}

const isOfFold = (examples: Parts | DataOfFold<Parts>): examples is DataOfFold<Parts> => typeof examples === "function";

const dataOf = (examples: Parts, rows: FoldRows): FitData<Parts> & { readonly test: Parts } => ({
  train: rowsOf(examples, rows.train),
  ...(rows.validation.length === 0 ? {} : { validation: rowsOf(examples, rows.validation) }),
  test: rowsOf(examples, rows.test),
});

const without = ({ validation: _, ...data }: FitData<Parts>): FitData<Parts> => data;

function countOf(examples: Parts | DataOfFold<Parts>, classes: FoldsOptions["classes"]): number {
  if (!isOfFold(examples)) return leavesOf(examples)[0]?.tensor.shape[0] ?? 0;
  if (classes !== undefined) return classes.length;
  throw new TensorError(
    "crossValidate: a function makes the data of a fold, so classes must tell how many rows there are: one class for each; or groups",
  );
}

function foldsOf(count: number, { folds, classes, groups, validation = 0 }: FoldsOptions, seed: number): FoldRows[] {
  if (!Number.isInteger(folds) || folds < 2)
    throw new TensorError(`crossValidate: expected an integer of at least 2 folds, got ${shown(folds)}`);
  if (!(validation >= 0 && validation <= 0.5))
    throw new TensorError(`crossValidate: expected validation as a share from 0 to 0.5, got ${shown(validation)}`);
  const options = { seed, validation, ...given({ classes, groups }) };
  return Array.from({ length: folds }, (_, index) => foldRows(count, { index, of: folds }, options));
}
