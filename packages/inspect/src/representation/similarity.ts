import { tensor, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkFunction, nth, sameShape, showShape } from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, type StepOptions } from "../steps.ts";
import { centered, gram, squareSum, transposeTimes, type Columns } from "../matrices/columns.ts";
import { singularValuesOf } from "../matrices/one-sided-jacobi.ts";
import { pointsOf } from "./moments.ts";

/** How alike two sets of states are: {@link linearCka} or {@link procrustesDistance}. */
export type SimilarityMeasure = (x: Tensor, y: Tensor, options?: StepOptions) => number;

/**
 * Linear centered kernel alignment of two networks' states for the same inputs (Kornblith et al. 2019, arXiv:1905.00414,
 * section 3), with X and Y centered:
 *
 *     CKA = |Y^T X|_F^2 / (|X^T X|_F |Y^T Y|_F)
 *
 * From 0 to 1; 1 if one is a rotation of the other, scaled and moved. `x` and `y` are `[batch, time, features]` or
 * `[points, features]`, of the same points; their numbers of features may differ. Steps that a row does not have do not
 * count. NaN if the states of one do not vary, or if there are fewer than two points. Throws a TensorError if the points
 * are not the same in number or not finite.
 */
export function linearCka(x: Tensor, y: Tensor, options: StepOptions = {}): number {
  const [X, Y] = pairOf("linearCka", x, y, options);
  const between = squareSum(transposeTimes(Y, X));
  const within = Math.sqrt(squareSum(gram(X))) * Math.sqrt(squareSum(gram(Y)));
  return within === 0 ? NaN : between / within;
}

/**
 * The orthogonal Procrustes distance of two networks' states for the same inputs (Ding, Denain, Steinhardt 2021,
 * arXiv:2108.01661, section 2), with X and Y centered and divided by their Frobenius norms, and the nuclear norm |.|_*:
 *
 *     d = min_R |X - Y R|_F^2 = |X|_F^2 + |Y|_F^2 - 2 |X^T Y|_* = 2 - 2 |X^T Y|_*,   R orthogonal
 *
 * From 0, if one is a rotation of the other, scaled and moved, to 2. Arguments, errors and NaN are those of
 * {@link linearCka}.
 */
export function procrustesDistance(x: Tensor, y: Tensor, options: StepOptions = {}): number {
  const [X, Y] = pairOf("procrustesDistance", x, y, options);
  const norms = Math.sqrt(squareSum(X)) * Math.sqrt(squareSum(Y));
  if (norms === 0) return NaN;
  const [narrow, wide] = X.length <= Y.length ? [X, Y] : [Y, X];
  const nuclear = singularValuesOf(transposeTimes(wide, narrow)).reduce((a, b) => a + b, 0);
  return 2 - (2 * nuclear) / norms;
}

/**
 * A measure at every step, over the rows that have it: f64 `[time]`. NaN at steps that fewer than two rows have. `x` and
 * `y` are `[batch, time, features]`.
 *
 *     similarityOverTime(linearCka, a.output, b.output, { lengths });
 */
export function similarityOverTime(
  measure: SimilarityMeasure,
  x: Tensor,
  y: Tensor,
  options: StepOptions = {},
): ArrayTensor {
  const operation = "similarityOverTime";
  checkFunction(operation, "the measure", measure);
  checkSteps(operation, options);
  checkSamePoints(operation, x, y);
  const [batch, time] = batchAndTime(operation, x, "x");
  if (x.shape.length !== 3)
    throw new TensorError(`${operation}: x and y must be [batch, time, features], got ${showShape(x.shape)}`);
  const present = valuesOf(activeSteps(operation, [batch, time], options));
  const rowsAt = (t: number): readonly number[] =>
    Array.from({ length: batch }, (_, row) => row).filter((row) => nth(present, row * time + t) !== 0);
  return tensor(
    Float64Array.from({ length: time }, (_, t) => {
      const rows = rowsAt(t);
      return rows.length < 2 ? NaN : measure(stepOf(x, rows, t), stepOf(y, rows, t));
    }),
  );
}

/** The vectors of some rows at step t, `[rows, features]`. */
function stepOf(x: Tensor, rows: readonly number[], t: number): ArrayTensor {
  const [, time = 0, features = 0] = x.shape;
  const values = valuesOf(x);
  const chosen = rows.flatMap((row) => [
    ...values.subarray((row * time + t) * features, (row * time + t + 1) * features),
  ]);
  return tensor(chosen, [rows.length, features], { dtype: x.dtype });
}

function pairOf(operation: string, x: Tensor, y: Tensor, options: StepOptions): [Columns, Columns] {
  checkSteps(operation, options);
  checkSamePoints(operation, x, y);
  return [
    centered(pointsOf(operation, "x", x, options).columns),
    centered(pointsOf(operation, "y", y, options).columns),
  ];
}

function checkSamePoints(operation: string, x: Tensor, y: Tensor): void {
  if (sameShape(x.shape.slice(0, -1), y.shape.slice(0, -1))) return;
  throw new TensorError(
    `${operation}: x ${showShape(x.shape)} and y ${showShape(y.shape)} must be the states of two networks for the same inputs; all axes but the last must agree`,
  );
}
