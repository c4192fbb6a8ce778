import { type Expression, f32, f32x4, i32x4, v128 } from "../assembler/index.ts";

/*
 * Reductions along the innermost axis, in the order that @sluice/tensor's `scalar/reduction.ts` defines for every backend: four lanes, element i in lane
 * i mod 4, and then (lane 0 o lane 2) o (lane 1 o lane 3).
 */
type Vector = Expression<"v128">;

export type Reduction = "sum" | "max" | "min";

interface Rule {
  start: number;
  vector: (a: Vector, b: Vector) => Vector;
  scalar: (a: Expression<"f32">, b: Expression<"f32">) => Expression<"f32">;
}

const rules: Readonly<Record<Reduction, Rule>> = {
  sum: { start: 0, vector: f32x4.add, scalar: f32.add },
  max: { start: -Infinity, vector: f32x4.max, scalar: f32.max },
  min: { start: Infinity, vector: f32x4.min, scalar: f32.min },
};

/** What the four lanes start from. */
export function laneStart(reduction: Reduction): Vector {
  return f32x4.const(rules[reduction].start);
}

/** The lanes after four more elements. */
export function laneStep(reduction: Reduction, lanes: Vector, elements: Vector): Vector {
  return rules[reduction].vector(lanes, elements);
}

/** `elements` with all but the first `count` lanes (1 to 3) set to the start value, which changes nothing: for the last elements of a row. */
export function laneTail(reduction: Reduction, elements: Vector, count: number): Vector {
  const kept = i32x4.const(-1, count > 1 ? -1 : 0, count > 2 ? -1 : 0, 0);
  return v128.bitselect(elements, laneStart(reduction), kept);
}

/** One number from the four lanes. `lanes` is used four times: pass a variable, or the statement keeps it in one. */
export function laneResult(reduction: Reduction, lanes: Vector): Expression<"f32"> {
  const lane = (i: number) => f32x4.extractLane(lanes, i);
  const { scalar } = rules[reduction];
  return scalar(scalar(lane(0), lane(2)), scalar(lane(1), lane(3)));
}
