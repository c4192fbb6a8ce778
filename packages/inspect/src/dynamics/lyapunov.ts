import { sequence, type Cell, type State } from "@sluice/cells";
import {
  compile,
  key as keyOf,
  normal,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkKey, nth, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import { doubles } from "../matrices/batches.ts";
import { activeSteps, batchAndTime } from "../steps.ts";
import { chunked, type Chunk } from "./chunks.ts";
import { carry, decompose, directionsFrom, exponentsOf, type Directions } from "./directions.ts";
import { jacobiansOfRun } from "./jacobians.ts";
import type { LyapunovSpectrum } from "./results.ts";
import { checkCell, stateParts, vectorSize } from "./state-vector.ts";
import { checkTrajectory, type TrajectoryOptions } from "./trajectory.ts";

/** Options of {@link lyapunovSpectrum}. */
export interface LyapunovOptions<S extends Tree = Tree> extends TrajectoryOptions<S> {
  /** How many exponents: the largest ones. Default: as many as the state vector is long. */
  readonly exponents?: number;
  /**
   * Steps from one QR decomposition to the next. Default 1. More steps take less time; too many lose the smaller
   * exponents to rounding.
   */
  readonly every?: number;
  /** The first steps of each row, in which the directions align and nothing is counted. Default 0. */
  readonly warmUp?: number;
  /** The key from which the first directions are drawn. Default `key(0)`. */
  readonly key?: ArrayTensor;
  /** Where the run and its Jacobians are computed. Default: the reference backend, the only one for f64 parameters. */
  readonly backend?: Backend;
}

/**
 * The Lyapunov spectrum of a cell along a run in evaluation: how fast small differences of the state grow or fade, in
 * nats per step (Engelken, Wolf, Abbott 2023, arXiv:2006.02427; Vogt et al. 2022, arXiv:2006.14123). Orthonormal
 * directions Q are carried along the run:
 *
 *     J_t = ds_t/ds_{t-1}       Q_t R_t = J_t Q_{t-1}       lambda_i = mean over t of ln |R_t[i, i]|
 *
 * `x` is `[batch, time, features]`: what drives the cell, or zeros for a map without input. Each row has a spectrum of
 * its own, over the steps that it takes. A positive largest exponent means chaos; -Infinity is the exponent of a
 * direction that a step maps to zero.
 *
 * The program is compiled once and runs some steps at a time, so memory does not grow with the number of steps.
 * Jacobians have the dtype of the parameters; decompositions are in f64. Throws a TensorError if x or an option does not
 * fit the cell.
 */
export async function lyapunovSpectrum<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  options: LyapunovOptions<S> = {},
): Promise<LyapunovSpectrum> {
  const operation = "lyapunovSpectrum";
  checkTrajectory(operation, options, ["exponents", "every", "warmUp", "key", "backend"]);
  checkCell(operation, cell);
  const n = vectorSize(stateParts(cell));
  const { exponents: k = n, every = 1, warmUp = 0, key = keyOf(0) } = options;
  if (checkCount(operation, "exponents", k) > n)
    throw new TensorError(`${operation}: exponents must be at most ${n}, the length of the state, got ${shown(k)}`);
  checkCount(operation, "every", every);
  checkCount(operation, "warmUp", warmUp, 0);
  checkKey(operation, key);
  const [batch, time] = batchAndTime(operation, x, "x");
  const first = Float64Array.from(valuesOf(normal(key, [n, k], { dtype: "f64" })));
  const rows = Array.from({ length: batch }, () => directionsFrom(first, n, k));
  const running = new Float64Array(batch * time * k).fill(NaN);
  await alongRun(cell, params, x, options, (row, t, jacobian) => {
    const directions = nth(rows, row);
    if (carry(directions, jacobian, { every, warmUp })) running.set(exponentsOf(directions), (row * time + t) * k);
  });
  rows.forEach((directions) => decompose(directions, warmUp));
  return { ...spectrumOf(rows, k), running: doubles(running, [batch, time, k]) };
}

/** Calls `visit` with the Jacobian of each step that a row takes, step after step. */
async function alongRun<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  { state: given, extra = {}, buffers = {}, backend, lengths, mask }: LyapunovOptions<S>,
  visit: (row: number, t: number, jacobian: Float64Array) => void,
): Promise<void> {
  const [batch, time] = batchAndTime(cell.name, x, "x");
  const size = { ...(lengths !== undefined && { lengths }), ...(mask !== undefined && { mask }) };
  const taken = tensor(valuesOf(activeSteps(cell.name, [batch, time], size)), [batch, time], { dtype: "bool" });
  const n = vectorSize(stateParts(cell));
  const chunks = chunked({ x, extra, mask: taken }, Math.ceil(jacobianElements / Math.max(1, batch * n * n)));
  const [example] = chunks;
  if (example === undefined || batch === 0) return;
  const program = (weights: P, own: Tree, state: S, part: Chunk) =>
    jacobiansOfRun(cell, weights, part.x, { state, extra: part.extra, mask: part.mask, buffers: own });
  let state = given ?? sequence(cell).initialState(batch, { params });
  const compiled = await compile(program, [params, buffers, state, example], backend === undefined ? {} : { backend });
  try {
    let t = 0;
    for (const chunk of chunks) {
      const done = await compiled(params, buffers, state, chunk);
      state = done.state;
      const [values, active] = [valuesOf(done.jacobians), valuesOf(chunk.mask)];
      const [, length = 0] = chunk.mask.shape;
      active.forEach((on, i) => {
        const jacobian = Float64Array.from(values.subarray(i * n * n, (i + 1) * n * n));
        if (on === 1) visit(Math.floor(i / length), t + (i % length), jacobian);
      });
      t += length;
    }
  } finally {
    await compiled.dispose();
  }
}

/** Elements of the Jacobians that are computed at a time. */
const jacobianElements = 262_144;

function spectrumOf(rows: readonly Directions[], k: number): Omit<LyapunovSpectrum, "running"> {
  const exponents = new Float64Array(rows.length * k);
  rows.forEach((directions, row) => {
    exponents.set(
      exponentsOf(directions).sort((p, q) => q - p),
      row * k,
    );
  });
  const steps = Int32Array.from(rows, ({ counted }) => counted);
  return { exponents: doubles(exponents, [rows.length, k]), steps: tensor(steps) };
}
