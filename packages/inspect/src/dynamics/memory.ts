import type { Cell, State } from "@sluice/cells";
import {
  isTensor,
  mapTree,
  reshape,
  tensor,
  TensorError,
  transpose,
  valuesOf,
  vjp,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkTensor, euclideanNorm, isFloat, showShape, sizeOf } from "@sluice/tensor/internal";
import { doubles } from "../matrices/batches.ts";
import { batchAndTime } from "../steps.ts";
import { copiesOf, cotangents } from "./cell-map.ts";
import type { MemoryCurve } from "./results.ts";
import { checkCell, stateParts, toVector, vectorSize } from "./state-vector.ts";
import { checkTrajectory, run, whereTaken, type TrajectoryOptions } from "./trajectory.ts";

/**
 * How much the input of each step changes the state after the row's last step T, in evaluation: the Frobenius norm of
 * ds_T/dx_t, `[batch, time]`. It is a product of Jacobians (Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, section
 * 2.1), whose norm shrinks or grows exponentially with T - t:
 *
 *     ds_T/dx_t = (ds_T/ds_{T-1}) ... (ds_{t+1}/ds_t) (ds_t/dx_t)
 *
 * NaN at steps that a row did not take. {@link memoryCurve} turns it into a curve over the steps since, and {@link
 * effectiveHorizon} into a number of steps. One backward pass over `batch n` rows, for a state vector of length n; tiny
 * values do not underflow in f32. Can also be used inside compiled programs. Throws a TensorError if x or an option does
 * not fit the cell, or if x is not a float tensor.
 */
export function inputSensitivity<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  options: TrajectoryOptions<S> = {},
): Tensor {
  checkTrajectory("inputSensitivity", options);
  checkCell("inputSensitivity", cell);
  const [batch, time] = batchAndTime("inputSensitivity", x, "x");
  if (!isFloat(x.dtype))
    throw new TensorError(
      `inputSensitivity: x is ${x.dtype} ${showShape(x.shape)}, and only a float input has a derivative; embed token ids before the cell`,
    );
  const parts = stateParts(cell);
  const n = vectorSize(parts);
  const { active } = run("after", cell, params, x, options);
  const given = mapTree(givenOf(options), (y) => copiesOf(y, n));
  const repeated = { ...options, ...given };
  const { result, pullback } = vjp(
    (y: Tensor) => toVector(parts, run("after", cell, params, y, repeated).last),
    copiesOf(x, n),
  );
  const [gradients] = pullback(cotangents(batch, n, result));
  const features = sizeOf(x.shape.slice(2));
  const byStep = transpose(reshape(gradients, [batch, n, time, features]), [0, 2, 1, 3]);
  return whereTaken(active, euclideanNorm(reshape(byStep, [batch, time, n * features]), 2), NaN);
}

/** The options that have a row for each example. */
function givenOf<S extends Tree>({ state, extra, lengths, mask }: TrajectoryOptions<S>) {
  const counts =
    lengths === undefined || isTensor(lengths) ? lengths : tensor(lengths, [lengths.length], { dtype: "i32" });
  return {
    ...(state && { state }),
    ...(extra && { extra }),
    ...(counts && { lengths: counts }),
    ...(mask && { mask }),
  };
}

/**
 * The memory curve of rows `[batch, time]` from {@link inputSensitivity}: their values by the number of steps that a row
 * took since, averaged over the rows that have an input so many steps back. Lag 0 is the last step of each row; there
 * are as many lags as the longest row has steps. Throws a TensorError unless it is given a float tensor `[batch, time]`
 * with values.
 */
export function memoryCurve(sensitivity: Tensor): MemoryCurve {
  checkTensor("memoryCurve", "the sensitivity", sensitivity);
  const [batch, time, ...more] = sensitivity.shape;
  if (batch === undefined || time === undefined || more.length > 0 || !isFloat(sensitivity.dtype))
    throw new TensorError(
      `memoryCurve: expected the sensitivity [batch, time], got ${sensitivity.dtype} ${showShape(sensitivity.shape)}`,
    );
  const values = valuesOf(sensitivity);
  const [sums, rows]: [number[], number[]] = [[], []];
  for (let row = 0; row < batch; row++) {
    const taken = values.subarray(row * time, (row + 1) * time).filter((value) => !Number.isNaN(value));
    taken.reverse().forEach((value, lag) => {
      sums[lag] = (sums[lag] ?? 0) + value;
      rows[lag] = (rows[lag] ?? 0) + 1;
    });
  }
  const mean = Float64Array.from(sums, (sum, lag) => sum / (rows[lag] ?? NaN));
  return { mean: doubles(mean, [mean.length]), rows: tensor(Int32Array.from(rows)) };
}
