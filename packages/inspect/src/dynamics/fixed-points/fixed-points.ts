import { inputOf, sequence, statesOf, type Cell, type State } from "@sluice/cells";
import {
  key as keyOf,
  leavesOf,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import {
  checkKey,
  checkOptions,
  checkTensor,
  isFloat,
  sameShape,
  showShape,
  zerosArray,
} from "@sluice/tensor/internal";
import { checkCount, checkSize } from "../../check.ts";
import { doubles } from "../../matrices/batches.ts";
import { eigenvalues } from "../../matrices/eigenvalues.ts";
import { extraOf } from "../cell-map.ts";
import type { FixedPoint, FixedPoints } from "../results.ts";
import { checkCell, stateParts, vectorSize } from "../state-vector.ts";
import { asDType, type Given } from "./autonomous.ts";
import { distance, drawCandidates, regionOf, visitedStates } from "./candidates.ts";
import { descend } from "./descent.ts";
import { refine, type Point } from "./newton.ts";
import { byCoordinates, unique, type Group } from "./unique.ts";

/** Options of {@link fixedPoints}. */
export interface FixedPointOptions {
  /** The constant input of every step: the shape of one example. Default zeros. */
  readonly input?: Tensor;
  /** What the cell reads besides it, constant too, by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
  /** The layer's buffers, as training left them. Needed if it has any. */
  readonly buffers?: Tree;
  /** From how many visited states the search begins, drawn with replacement. Default 256. */
  readonly candidates?: number;
  /** The standard deviation of the noise that is added to them. Default 0. More noise finds more saddles. */
  readonly noise?: number;
  /** The key of all draws. Default `key(0)`. */
  readonly key?: ArrayTensor;
  /** The iterations of Adam. Default 1500. */
  readonly iterations?: number;
  /** Adam's first learning rate. Default 0.02. */
  readonly learningRate?: number;
  /** A point is fixed if one step moves it by at most this. Default 1e-9. */
  readonly tolerance?: number;
  /** A point is slow if it is not fixed and one step moves it by at most this. Default 1e-3. */
  readonly slow?: number;
  /** Points that are closer than this are the same. Default 1e-3. */
  readonly distinct?: number;
  /**
   * A point is an outlier if its distance from the mean of the visited states is more than this many times their mean
   * distance from it. Default 10.
   */
  readonly outlierScale?: number;
  /** Where Adam runs. Default: the reference backend, the only one for f64 parameters. */
  readonly backend?: Backend;
}

const names =
  "input extra buffers candidates noise key iterations learningRate tolerance slow distinct outlierScale backend".split(
    " ",
  );

/**
 * The fixed and slow points of a cell at a constant input, each with the cell's linearization there (Sussillo and Barak
 * 2013, doi:10.1162/NECO_a_00409; the procedure is that of FixedPointFinder, Golub and Sussillo 2018,
 * doi:10.21105/joss.01003).
 *
 *     q(s) = |F(s) - s|^2 / 2       F: one step at the constant input, of the vector of all states
 *
 * Candidates are drawn from the states `visited` `[..., n]`, such as a {@link stateTrajectory}; those with NaN are left
 * out. All of them descend on q with Adam, in one compiled loop on `backend`. Those that come near each other become
 * one, and Newton's method then takes each to a residual near the rounding of f64 (on the reference backend). So the
 * points do not depend on the key as long as candidates reach all of them. The parameters may be f32 or f64; points are
 * of the map in f64.
 *
 * Throws a TensorError if an option is out of range, if the visited states do not fit, or if the cell has a state of i32
 * or bool: a step index, for one, changes at every step, so the map has no fixed points.
 */
export async function fixedPoints<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  visited: Tensor,
  options: FixedPointOptions = {},
): Promise<FixedPoints> {
  const { candidates, noise, key, iterations, learningRate, tolerance, slow, distinct, outlierScale } =
    checked(options);
  checkCell("fixedPoints", cell);
  checkStates(sequence(cell).cell);
  const parts = stateParts(cell);
  const dtype = leavesOf(params).find(({ tensor: { dtype: own } }) => isFloat(own))?.tensor.dtype ?? "f32";
  const given = givenOf(cell, params, options, dtype);
  const states = visitedStates("fixedPoints", visited, vectorSize(parts));
  const starts = drawCandidates(states, { candidates, noise, key });
  const ended = await descend(cell, given, starts, { iterations, learningRate, dtype, backend: options.backend });
  const finite = ended.filter((state) => state.every(Number.isFinite)).map((state) => ({ state, count: 1 }));
  const merged = unique(finite, distinct);
  const { middle, spread } = regionOf(states);
  const reach = spread > 0 ? spread : Infinity;
  const refined =
    merged.length === 0
      ? []
      : await refine(
          cell,
          given,
          merged.map(({ first }) => first.state),
          reach,
        );
  const points = refined
    .map((point, i) => ({ ...point, count: merged[i]?.count ?? 0 }))
    .filter(({ residual }) => residual <= Math.max(slow, tolerance))
    .toSorted((a, b) => a.residual - b.residual);
  const groups = unique(points, distinct);
  const all = groups.map(described).toSorted(inOrder(distinct));
  const isOutlier = ({ state }: FixedPoint): boolean =>
    distance(Float64Array.from(valuesOf(state)), middle) > outlierScale * reach;
  const near = all.filter((point) => !isOutlier(point));
  return {
    parts,
    fixed: near.filter(({ residual }) => residual <= tolerance),
    slow: near.filter(({ residual }) => residual > tolerance),
    outliers: all.filter(isOutlier),
    candidates,
    unconverged: candidates - groups.reduce((sum, { count }) => sum + count, 0),
  };
}

/** The options with their defaults, checked. */
function checked(options: FixedPointOptions) {
  const operation = "fixedPoints";
  checkOptions(operation, options, names, { x: "input", seed: "key", lr: "learningRate", unique: "distinct" });
  const { candidates = 256, noise = 0, key = keyOf(0), iterations = 1500, learningRate = 0.02 } = options;
  const { tolerance = 1e-9, slow = 1e-3, distinct = 1e-3, outlierScale = 10 } = options;
  checkCount(operation, "candidates", candidates);
  checkCount(operation, "iterations", iterations);
  for (const [name, value] of Object.entries({ noise, slow, distinct })) checkSize(operation, name, value);
  for (const [name, value] of Object.entries({ learningRate, tolerance, outlierScale }))
    checkSize(operation, name, value, { positive: true });
  checkKey(operation, key);
  return { candidates, noise, key, iterations, learningRate, tolerance, slow, distinct, outlierScale };
}

function checkStates<P extends Tree, S extends State>({ name, state }: Cell<P, S>): void {
  const other = statesOf(state).find(({ dtype }) => dtype !== "f32");
  if (other !== undefined)
    throw new TensorError(
      `fixedPoints: ${name} has the state ${other.path} of ${other.dtype}, and a search moves float states only; a step index changes at every step, so there is no fixed point`,
    );
}

/** The parameters, the buffers and the constant input, with floats of the dtype of the parameters. */
function givenOf<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  { input, extra, buffers = {} }: FixedPointOptions,
  dtype: DType,
): Given<P> {
  const spec = inputOf(cell.input ?? [cell.sizes.input]);
  const x = input ?? zerosArray(spec.shape, spec.dtype);
  checkTensor("fixedPoints", "input", x);
  const inputs = { x, extra: extraOf(cell, extra) };
  const extras = Object.entries(cell.extra).map(
    ([name, own]) => [`extra ${name}`, inputs.extra[name], inputOf(own).shape] as const,
  );
  for (const [name, given, shape] of [["input", x, spec.shape] as const, ...extras]) {
    if (given !== undefined && sameShape(given.shape, shape)) continue;
    const got = given === undefined ? "nothing" : showShape(given.shape);
    throw new TensorError(`fixedPoints: ${name} must be ${showShape(shape)}, the shape of one example, got ${got}`);
  }
  return { params, ...asDType({ buffers, input: inputs }, dtype) };
}

/** A point with its linearization. */
function described({ first, count }: Group<Point & { readonly count: number }>): FixedPoint {
  const n = first.state.length;
  const jacobian = doubles(first.jacobian, [n, n]);
  const values = eigenvalues(jacobian);
  const imaginary = valuesOf(values.imaginary);
  const index = Array.from(valuesOf(values.real)).filter((re, i) => {
    const im = imaginary[i] ?? NaN;
    return re * re + im * im > 1;
  }).length;
  return {
    state: doubles(first.state, [n]),
    residual: first.residual,
    jacobian,
    eigenvalues: values,
    index,
    stability: index === 0 ? "stable" : index === n ? "unstable" : "saddle",
    found: count,
  };
}

/** By index, and then by coordinates. */
function inOrder(within: number): (a: FixedPoint, b: FixedPoint) => number {
  const compare = byCoordinates(within);
  const vectorOf = ({ state }: FixedPoint): Float64Array => Float64Array.from(valuesOf(state));
  return (a, b) => a.index - b.index || compare(vectorOf(a), vectorOf(b));
}
