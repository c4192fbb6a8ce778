import { TensorError, type Tensor } from "@sluice/tensor";
import { describe, nth, shown, suggestion } from "@sluice/tensor/internal";
import { checkSteps, type StepOptions } from "../steps.ts";
import { dot } from "../matrices/columns.ts";
import { pointAt, pointsOf, type Moment } from "./moments.ts";
import { apart, checkCount } from "./patterns.ts";

/** Options of {@link nearestMoments}. */
export interface NearestMomentsOptions extends StepOptions {
  /** `euclidean` (default), or `cosine`: 1 - x y / (|x| |y|), and 1 if one of the two is 0. */
  readonly by?: "euclidean" | "cosine";
  /** The largest number of moments. Default 10. */
  readonly count?: number;
  /**
   * Moments of one row that are fewer steps apart count as one, the nearest. They are alike since states change slowly.
   * Default 1: every moment counts.
   */
  readonly separation?: number;
}

/** A moment, and how far its state is from the one that is asked for. */
export interface NearMoment extends Moment {
  readonly distance: number;
}

/**
 * The moments whose states are nearest to the state at one moment, the nearest first: which other inputs leave the
 * network in the same state. `states` is `[batch, time, units]`. Among equals the earlier row and step comes first; the
 * moment itself, and what is too near to it in its row, is left out. Throws a TensorError if the row does not have that
 * step.
 */
export function nearestMoments(states: Tensor, moment: Moment, options: NearestMomentsOptions = {}): NearMoment[] {
  const operation = "nearestMoments";
  checkSteps(operation, options, ["by", "count", "separation"]);
  const { by = "euclidean", count = 10, separation = 1, ...steps } = options;
  if (!Object.hasOwn(distances, by))
    throw new TensorError(`${operation}: unknown by ${String(by)}; ${suggestion(String(by), Object.keys(distances))}`);
  checkCount(operation, count);
  if (!Number.isInteger(separation) || separation < 1)
    throw new TensorError(
      `${operation}: separation must be an integer of at least 1 (steps), got ${shown(separation)}`,
    );
  if (states.shape.length !== 3)
    throw new TensorError(`${operation}: states must be [batch, time, units], got ${describe(states)}`);
  const points = pointsOf(operation, "states", states, steps);
  const all = points.rows.map((row, i) => ({ row, step: nth(points.steps, i), state: pointAt(points, i) }));
  const asked = all.find(({ row, step }) => row === moment.row && step === moment.step);
  if (asked === undefined)
    throw new TensorError(`${operation}: row ${shown(moment.row)} does not have step ${shown(moment.step)}`);
  const near = (a: Moment, b: Moment): boolean => a.row === b.row && Math.abs(a.step - b.step) < separation;
  const others = all
    .filter((other) => !near(other, asked))
    .map(({ row, step, state }) => ({ row, step, distance: distances[by](asked.state, state) }));
  others.sort((a, b) => a.distance - b.distance || a.row - b.row || a.step - b.step);
  return apart(others, count, near);
}

const distances = {
  euclidean(a: Float64Array, b: Float64Array): number {
    const difference = a.map((x, i) => x - nth(b, i));
    return Math.sqrt(dot(difference, difference));
  },
  cosine(a: Float64Array, b: Float64Array): number {
    const norms = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
    return norms === 0 ? 1 : 1 - dot(a, b) / norms;
  },
} as const;
