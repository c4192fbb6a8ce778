import { convert, logSoftmax, sigmoid, softmax, TensorError, valuesOf, type Shape, type Tensor } from "@sluice/tensor";
import {
  checkOptions,
  checkTensor,
  describe,
  logF64,
  nth,
  positionOf,
  sameShape,
  shown,
} from "@sluice/tensor/internal";
import { asIndices } from "../losses/reduce.ts";
import { countedWeights } from "./counted-weights.ts";
import type { CountedOptions } from "./streaming-metric.ts";

/** Options of every metric of classes. */
export interface ClassOptions {
  /** What the predictions are. Default "logits", as for the losses. */
  readonly from?: "logits" | "probabilities";
  /** Rows whose target is this index do not count, as if they were masked. Default: none. */
  readonly ignoreIndex?: number;
}

/** Checks options, with those of every metric of classes and further ones. */
export function checkClassOptions(operation: string, options: ClassOptions, further: readonly string[] = []): void {
  const aliases = { ignore_index: "ignoreIndex", top_k: "k", n_bins: "bins", zero_division: "zeroDivision" };
  checkOptions(operation, options, [...further, "from", "ignoreIndex"], aliases);
  const { from = "logits", ignoreIndex } = options;
  if (ignoreIndex !== undefined && !Number.isInteger(ignoreIndex))
    throw new TensorError(`${operation}: expected an integer ignoreIndex, got ${shown(ignoreIndex)}`);
  if (from !== "logits" && from !== "probabilities")
    throw new TensorError(`${operation}: expected from as "logits" or "probabilities", got ${shown(from)}`);
}

/** The rows of a batch that count and have no NaN. */
export interface ClassRows {
  /** Scores per row: the number of classes, or 1 for yes or no. */
  readonly columns: number;
  /** `[rows, columns]`, row-major. */
  readonly scores: Float64Array;
  /** The class of each row; 1 or 0 for yes or no. */
  readonly targets: Int32Array;
  readonly weights: Float64Array;
  /** The number of rows that count and have a NaN; they are left out. */
  readonly nans: number;
}

/** How a metric reads the predictions. */
type Scale = "as given" | "probabilities" | "log probabilities";

/**
 * The number of scores per row: the classes of a prediction `[..., classes]` with targets i32 `[...]`, or 1 if both have
 * the same shape.
 */
export function columnsOf(operation: string, prediction: Tensor, target: Tensor): number {
  checkTensor(operation, "the prediction", prediction);
  checkTensor(operation, "the target", target);
  if (sameShape(prediction.shape, target.shape)) return 1;
  const rows = prediction.shape.slice(0, -1);
  const columns = target.dtype === "i32" && sameShape(rows, target.shape) ? prediction.shape.at(-1) : undefined;
  if (columns !== undefined && columns > 0) return columns;
  throw new TensorError(
    `${operation}: the prediction ${describe(prediction)} needs class indices i32 [${rows.join(",")}], or 0 and 1 of its own shape, got ${target.dtype} ${describe(target)}${asIndices(target, rows)}`,
  );
}

/** A batch that a metric of classes gets. */
export interface ClassBatch {
  readonly prediction: Tensor;
  readonly target: Tensor;
  readonly counted: CountedOptions;
}

/**
 * The rows that count. For classes the prediction is `[..., classes]` and the target i32 `[...]`; for yes or no both are
 * `[...]`, and the target is 0 or 1.
 */
export function classRows(
  operation: string,
  { prediction, target, counted }: ClassBatch,
  { scale, from = "logits", ignoreIndex }: ClassOptions & { readonly scale: Scale },
): ClassRows {
  const columns = columnsOf(operation, prediction, target);
  const weights = countedWeights(operation, counted, target.shape);
  const [classes, raw] = [valuesOf(target), valuesOf(convert(prediction, "f64"))];
  const all = scaled(prediction, { scale, from, columns });
  const rows = keptRows(classes, weights, ignoreIndex);
  const kept = { scores: new Float64Array(rows.length * columns), targets: new Int32Array(rows.length) };
  const own = new Float64Array(rows.length);
  let at = 0;
  for (const row of rows) {
    if (hasNaN(all, row, columns) || Number.isNaN(nth(classes, row))) continue;
    checkRow(operation, { row, raw, from, columns, shape: target.shape, class: nth(classes, row) });
    kept.scores.set(all.subarray(row * columns, (row + 1) * columns), at * columns);
    kept.targets[at] = nth(classes, row);
    own[at++] = nth(weights, row);
  }
  return {
    columns,
    scores: kept.scores.subarray(0, at * columns),
    targets: kept.targets.subarray(0, at),
    weights: own.subarray(0, at),
    nans: rows.length - at,
  };
}

/** The positions of the rows that count. */
function keptRows(classes: ArrayLike<number>, weights: ArrayLike<number>, ignored: number | undefined): number[] {
  const rows: number[] = [];
  for (let row = 0; row < weights.length; row++)
    if (nth(weights, row) !== 0 && (ignored === undefined || classes[row] !== ignored)) rows.push(row);
  return rows;
}

interface Scaling extends Required<Pick<ClassOptions, "from">> {
  readonly scale: Scale;
  readonly columns: number;
}

function scaled(prediction: Tensor, { scale, from, columns }: Scaling): Float64Array {
  const x = convert(prediction, "f64");
  if (scale === "as given") return Float64Array.from(valuesOf(x));
  if (from === "probabilities")
    return Float64Array.from(valuesOf(x), (p) => (scale === "probabilities" || Number.isNaN(p) ? p : logF64(p)));
  if (scale === "log probabilities") return Float64Array.from(valuesOf(logSoftmax(x)));
  return Float64Array.from(valuesOf(columns === 1 ? sigmoid(x) : softmax(x)));
}

function hasNaN(scores: Float64Array, row: number, columns: number): boolean {
  for (let i = row * columns; i < (row + 1) * columns; i++) if (Number.isNaN(scores[i])) return true;
  return false;
}

interface Row {
  readonly row: number;
  readonly raw: ArrayLike<number>;
  readonly from: "logits" | "probabilities";
  readonly columns: number;
  readonly shape: Shape;
  readonly class: number;
}

/** Throws an error if the target of a row is not a class, or one of its predictions not a probability. */
function checkRow(operation: string, { row, raw, from, columns, shape, class: target }: Row): void {
  const place = (): string => `[${positionOf(row, shape).join(",")}]`;
  const classes = Math.max(columns, 2);
  if (!Number.isInteger(target) || target < 0 || target >= classes)
    throw new TensorError(
      `${operation}: the target is ${target} at ${place()}, expected ${columns === 1 ? "0 or 1" : `a class from 0 to ${classes - 1}`}`,
    );
  if (from === "logits") return;
  for (let i = row * columns; i < (row + 1) * columns; i++) {
    const p = nth(raw, i);
    if (!(p >= 0 && p <= 1))
      throw new TensorError(
        `${operation}: a probability is ${p} at ${place()}, expected one from 0 to 1; leave from: "probabilities" out for logits`,
      );
  }
}
