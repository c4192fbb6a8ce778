import { tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { checkSteps } from "../steps.ts";
import { solved } from "../matrices/cholesky.ts";
import { centered, dot, gram, meanOf, transposeTimes, type Columns } from "../matrices/columns.ts";
import { probeData, tensorOf, type ReadoutOptions, type Side } from "./probe-data.ts";

/** How well targets are predicted. */
export interface RegressionScore {
  /** The mean over points and outputs. */
  readonly meanSquaredError: number;
  /**
   * The part of the variance that is explained, 1 - sum (y - y')^2 / sum (y - mean)^2, as the mean over outputs. NaN if
   * a target does not vary.
   */
  readonly r2: number;
}

/** What {@link ridgeReadout} returns. */
export interface RidgeReadout {
  /** f64 `[features, outputs]`. */
  readonly weights: ArrayTensor;
  /** f64 `[outputs]`. */
  readonly bias: ArrayTensor;
  readonly train: RegressionScore;
  readonly test: RegressionScore;
  /** The test score of the training targets' mean: what a readout that ignores the states reaches. */
  readonly baseline: RegressionScore;
  /** The rows kept for testing. */
  readonly testRows: readonly number[];
}

/**
 * Whether states hold a quantity, as a linear readout: ridge regression (Hoerl, Kennard 1970) from states `[batch, time,
 * features]` or `[batch, features]` to targets `[batch, time]`, `[batch, time, outputs]`, `[batch]` or `[batch,
 * outputs]`. It minimizes
 *
 *     sum |y - x W - b|^2 + penalty |W|^2
 *
 * in closed form; the bias is not penalized, as in scikit-learn's `Ridge`. Rows are split: some train the readout, the
 * others test it. Compare `test` with `baseline`. Steps that a row does not have do not count.
 *
 *     const { test, baseline } = ridgeReadout(states, positions, { test: { fraction: 0.25, key: key(1) }, lengths });
 *
 * Throws a TensorError if shapes do not fit, if a value is not finite, or if penalty 0 leaves the weights undetermined.
 */
export function ridgeReadout(states: Tensor, targets: Tensor, options: ReadoutOptions): RidgeReadout {
  const operation = "ridgeReadout";
  checkSteps(operation, options, ["test", "penalty"]);
  const { train, test, testRows, penalty } = probeData(operation, states, targets, options);
  const X = centered(train.columns);
  const penalized = gram(X).map((column, j) => column.map((value, i) => (i === j ? value + penalty : value)));
  const weights = solved(penalized, transposeTimes(X, centered(train.targets)));
  if (weights === undefined)
    throw new TensorError(
      `${operation}: the ${X.length} features are linearly dependent at the ${train.columns[0]?.length ?? 0} training points, so penalty ${penalty} leaves the weights undetermined; take a larger penalty`,
    );
  const means = Float64Array.from(train.columns, meanOf);
  const bias = Float64Array.from(weights, (w, k) => meanOf(nth(train.targets, k)) - dot(means, w));
  const scoreOn = (side: Side): RegressionScore => scoreOf(side.targets, predicted(side.columns, weights, bias));
  return {
    weights: tensorOf(weights),
    bias: tensor(bias),
    train: scoreOn(train),
    test: scoreOn(test),
    baseline: scoreOf(
      test.targets,
      test.targets.map((column, k) => column.map(() => meanOf(nth(train.targets, k)))),
    ),
    testRows,
  };
}

/** `x W + b`, a column for each output. */
export function predicted(columns: Columns, weights: Columns, bias: Float64Array): Columns {
  const points = columns[0]?.length ?? 0;
  return weights.map((w, k) => {
    const out = new Float64Array(points).fill(nth(bias, k));
    columns.forEach((column, j) => {
      const weight = nth(w, j);
      // A loop, and elements with `?? NaN`, for the speed that `dot` is written for.
      for (let i = 0; i < points; i++) out[i] = (out[i] ?? NaN) + weight * (column[i] ?? NaN);
    });
    return out;
  });
}

function scoreOf(targets: Columns, predictions: Columns): RegressionScore {
  const errors = targets.map((column, k) => {
    const difference = column.map((y, i) => y - nth(nth(predictions, k), i));
    return dot(difference, difference);
  });
  const spreads = centered(targets).map((column) => dot(column, column));
  const points = targets[0]?.length ?? 0;
  return {
    meanSquaredError: errors.reduce((a, b) => a + b, 0) / (points * targets.length),
    r2: meanOf(Float64Array.from(errors, (error, k) => (nth(spreads, k) === 0 ? NaN : 1 - error / nth(spreads, k)))),
  };
}
