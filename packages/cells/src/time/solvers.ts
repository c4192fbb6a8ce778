import { add, div, mul, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { checkSize } from "../options/size.ts";

const stages = { euler, midpoint, rk4 } as const;

/** A one-step method: Euler's, of order 1; the midpoint method, of order 2; the classical one of Runge and Kutta, of order 4. */
export type OdeMethod = keyof typeof stages;

/** How an ordinary differential equation is solved. */
export interface OdeSolver {
  readonly method: OdeMethod;
  /** The number of equal steps, whatever the time that passes. */
  readonly steps: number;
}

/** dy/dt at y. `share` is how much of the whole time has passed, from 0 to 1, for a field that depends on the time. */
export type VectorField = (y: Tensor, share: number) => Tensor;

/**
 * The solution of `dy/dt = field(y)` a time `dt` `[batch, 1]`, or a scalar, after `y` `[batch, width]`, by a fixed
 * number of equal steps. After a time of 0 it is `y`. All steps stand in the program: one step of Euler's method
 * evaluates the field once, of the midpoint method twice, of rk4 four times.
 */
export function solveOde(field: VectorField, y: Tensor, dt: Tensor, { method, steps }: OdeSolver): Tensor {
  const step = stages[method];
  const by = steps === 1 ? dt : div(dt, steps);
  let at = y;
  for (let i = 0; i < steps; i++) at = step((z, within) => field(z, (i + within) / steps), at, by);
  return at;
}

/** An error where the options of a solver are not what they can be. */
export function checkSolver(name: string, { method, steps }: OdeSolver): OdeSolver {
  if (!Object.hasOwn(stages, method))
    throw new TensorError(
      `${name}: unknown method ${String(method)}; ${suggestion(String(method), Object.keys(stages))}`,
    );
  return { method, steps: checkSize(name, "steps", steps) };
}

/** One step. The field gets how much of the step has passed. */
function euler(field: VectorField, y: Tensor, dt: Tensor): Tensor {
  return add(y, mul(dt, field(y, 0)));
}

function midpoint(field: VectorField, y: Tensor, dt: Tensor): Tensor {
  const k = field(y, 0);
  return add(y, mul(dt, field(add(y, mul(div(dt, 2), k)), 0.5)));
}

function rk4(field: VectorField, y: Tensor, dt: Tensor): Tensor {
  const half = div(dt, 2);
  const k1 = field(y, 0);
  const k2 = field(add(y, mul(half, k1)), 0.5);
  const k3 = field(add(y, mul(half, k2)), 0.5);
  const k4 = field(add(y, mul(dt, k3)), 1);
  return add(y, mul(div(dt, 6), add(add(k1, mul(2, add(k2, k3))), k4)));
}
