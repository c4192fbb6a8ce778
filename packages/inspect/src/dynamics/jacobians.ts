import type { Cell, State } from "@sluice/cells";
import { mapTree, reshape, TensorError, valuesOf, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import { showShape } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import { doubles, product, squareMatricesOf } from "../matrices/batches.ts";
import { batchAndTime } from "../steps.ts";
import { cellMap, extraOf, jacobiansAt } from "./cell-map.ts";
import { checkCell } from "./state-vector.ts";
import { checkTrajectory, run, whereTaken, type TrajectoryOptions } from "./trajectory.ts";

/**
 * The Jacobian of every step of a run in evaluation, ds_t/ds_{t-1} at the input of the step: `[batch, time, n, n]`. The
 * state vector s holds all float states of the cell ({@link stateParts}); entry `[i, j]` is the derivative of new state
 * i by old state j. NaN at the steps that a row did not take. Takes one backward pass over `batch time n` rows. Can
 * also be used inside compiled programs.
 *
 *     const jacobians = await compile((p: Params, x: Tensor) => stateJacobians(cell, p, x), [params, x], { backend });
 *     const values = singularValues(await jacobians(params, x)); // [batch, time, n]
 *
 * Where a cell replaces a derivative, as skipRnn does for its decision, so does the Jacobian. Throws a TensorError if x
 * or an option does not fit the cell.
 */
export function stateJacobians<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  options: TrajectoryOptions<S> = {},
): Tensor {
  checkTrajectory("stateJacobians", options);
  checkCell("stateJacobians", cell);
  return jacobiansOfRun(cell, params, x, options).jacobians;
}

/** {@link stateJacobians}, and the state after the run. */
export function jacobiansOfRun<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  options: TrajectoryOptions<S>,
): { readonly jacobians: Tensor; readonly state: S } {
  const { states, last, active } = run("before", cell, params, x, options);
  const [batch, time] = batchAndTime(cell.name, x, "x");
  const map = cellMap(cell, params, options.buffers);
  const rows = (y: Tensor): Tensor => reshape(y, [batch * time, ...y.shape.slice(2)]);
  // What is at a step that is not taken is not looked at.
  const taken = (y: Tensor): Tensor => rows(y.dtype === "bool" ? y : whereTaken(active, y, 0));
  const input = { x: taken(x), extra: mapTree(extraOf(cell, options.extra), taken) };
  const jacobians = jacobiansAt(map, mapTree(states, rows), input);
  return {
    jacobians: whereTaken(active, reshape(jacobians, [batch, time, map.size, map.size]), NaN),
    state: last,
  };
}

/**
 * The Jacobians over k steps, ds_t/ds_{t-k}: the product of the Jacobians `[batch, time, n, n]` of the last k steps that
 * a row took, f64 in the same shape. NaN at steps that the row did not take, and at its first k - 1 steps. Computed in
 * f64 from the values; singular values of the result that are more than 1e16 below the largest are rounding. Throws a
 * TensorError if the operand is not `[batch, time, n, n]` or k is not an integer of at least 1.
 */
export function jacobianProducts(jacobians: Tensor, k: number): ArrayTensor {
  const { lead, rows: n, at } = squareMatricesOf("jacobianProducts", jacobians);
  const [batch, time, ...more] = lead;
  if (batch === undefined || time === undefined || more.length > 0)
    throw new TensorError(
      `jacobianProducts: expected Jacobians [batch, time, n, n], got ${showShape(jacobians.shape)}`,
    );
  checkCount("jacobianProducts", "k", k);
  const out = new Float64Array(valuesOf(jacobians).length).fill(NaN);
  for (let row = 0; row < batch; row++) {
    const latest: Float64Array[] = [];
    for (let t = row * time; t < (row + 1) * time; t++) {
      const now = at(t);
      if (now.every(Number.isNaN)) continue;
      latest.push(now);
      if (latest.length > k) latest.shift();
      if (latest.length === k)
        out.set(
          latest.reduce((before, j) => product(j, before, n, n, n)),
          t * n * n,
        );
    }
  }
  return doubles(out, [...lead, n, n]);
}
