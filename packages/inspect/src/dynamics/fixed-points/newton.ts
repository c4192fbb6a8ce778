/** The second stage of a search: Newton's method in f64. */
import type { Cell, State } from "@sluice/cells";
import { compile, reference, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { solve } from "../../matrices/solve.ts";
import { asDType, autonomousMap, type Given } from "./autonomous.ts";

/** A state vector, how far a step moves it, and the step's Jacobian there. */
export interface Point {
  readonly state: Float64Array;
  /** `F(s) - s`. */
  readonly move: Float64Array;
  /** Its Euclidean norm. */
  readonly residual: number;
  /** `[n, n]`. */
  readonly jacobian: Float64Array;
}

/** A point on the way, with the step to try next. */
interface Trying {
  point: Point;
  /** Undefined where no step is better. */
  direction: Float64Array | undefined;
  /** How often it has been halved. */
  tried: number;
}

/** Points of one run of the program. */
const together = 32;
const mostRounds = 60;
const halvings = 10;

/**
 * The points to which Newton's method leads states, `s <- s - (J - I)^-1 (F(s) - s)`, with half the step where it does
 * not reduce the residual. It stops where no fraction of a step does, so that a point is as exact as f64 allows. No step
 * is longer than `reach`: far away gates saturate, and a state that hardly moves looks fixed.
 */
export async function refine<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  given: Given<P>,
  starts: readonly Float64Array[],
  reach: number,
): Promise<readonly Point[]> {
  const n = nth(starts, 0).length;
  const rows = Math.min(together, starts.length);
  const exact = asDType(given, "f64");
  const program = (own: Given<P>, vectors: Tensor) => {
    const map = autonomousMap(cell, own, rows);
    return { next: map.next(vectors), jacobians: map.jacobians(vectors) };
  };
  const example = tensor(new Float64Array(rows * n), [rows, n]);
  const compiled = await compile(program, [exact, example], { backend: reference() });
  const evaluate = async (states: readonly Float64Array[]): Promise<Point[]> => {
    // The program has room for so many; the first fills what is left.
    const filled = Array.from({ length: rows }, (_, i) => states[i] ?? nth(states, 0));
    const values = Float64Array.from(filled.flatMap((state) => [...state]));
    const { next, jacobians } = await compiled(exact, tensor(values, [rows, n]));
    return states.map((state, i) => pointOf(state, valuesOf(next), valuesOf(jacobians), i));
  };
  try {
    const points: Point[] = [];
    for (let i = 0; i < starts.length; i += rows)
      points.push(...(await refineRows(evaluate, starts.slice(i, i + rows), reach)));
    return points;
  } finally {
    await compiled.dispose();
  }
}

async function refineRows(
  evaluate: (states: readonly Float64Array[]) => Promise<Point[]>,
  starts: readonly Float64Array[],
  reach: number,
): Promise<Point[]> {
  const rows = (await evaluate(starts)).map((point): Trying => ({
    point,
    direction: newtonStep(point, reach),
    tried: 0,
  }));
  for (let round = 0; round < mostRounds; round++) {
    const trying = rows.filter(({ direction }) => direction !== undefined);
    if (trying.length === 0) break;
    const tried = await evaluate(trying.map(trialOf));
    trying.forEach((row, i) => take(row, nth(tried, i), reach));
  }
  return rows.map(({ point }) => point);
}

/** Goes to a trial that is better, or tries half the step. */
function take(row: Trying, trial: Point, reach: number): void {
  if (trial.residual < row.point.residual) {
    row.point = trial;
    row.direction = newtonStep(trial, reach);
    row.tried = 0;
  } else if (row.tried < halvings) {
    row.direction = row.direction?.map((value) => value / 2);
    row.tried++;
  } else {
    row.direction = undefined;
  }
}

const trialOf = ({ point, direction }: Trying): Float64Array =>
  point.state.map((value, j) => value + (direction?.[j] ?? 0));

/**
 * The solution d of `(J - I) d = -(F(s) - s)`, shortened to `reach`; undefined at an exact fixed point, or where there
 * is none.
 */
function newtonStep({ move, jacobian, residual }: Point, reach: number): Float64Array | undefined {
  if (residual === 0) return undefined;
  const n = move.length;
  const a = jacobian.map((value, i) => (i % (n + 1) === 0 ? value - 1 : value));
  const step = solve(
    a,
    move.map((value) => -value),
  );
  if (step?.every(Number.isFinite) !== true) return undefined;
  const length = Math.sqrt(step.reduce((sum, value) => sum + value * value, 0));
  return length > reach ? step.map((value) => (value * reach) / length) : step;
}

function pointOf(state: Float64Array, next: ArrayLike<number>, jacobians: ArrayLike<number>, i: number): Point {
  const n = state.length;
  const move = state.map((value, j) => nth(next, i * n + j) - value);
  const jacobian = Float64Array.from({ length: n * n }, (_, j) => nth(jacobians, i * n * n + j));
  return { state, move, residual: Math.sqrt(move.reduce((sum, value) => sum + value * value, 0)), jacobian };
}
