import { checkIntegers, checkTensor } from "../arguments.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import { shown } from "../shown.ts";
import { describe, type Tensor } from "../tensor.ts";

/**
 * Axes as sorted numbers >= 0. Throws an error that begins with `op` if `x` does not have them or if they are not
 * distinct.
 */
export function normalizeAxes(op: string, x: Tensor, axes: number | readonly number[] | undefined): number[] {
  checkTensor(op, "the operand", x);
  if (axes !== undefined && typeof axes !== "number") checkIntegers(op, "axes", axes);
  const rank = x.shape.length;
  const listed = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === "number" ? [axes] : axes;
  const positive = listed.map((axis) => (axis < 0 ? axis + rank : axis));
  if (positive.some((axis) => x.shape[axis] === undefined) || new Set(positive).size !== positive.length) {
    throw new TensorError(
      `${op}: ${listed.length === 1 ? `${describe(x)} has no axis ${listed[0]}` : `axes [${listed.join(",")}] are not distinct axes of ${describe(x)}`}`,
    );
  }
  return positive.toSorted((a, b) => a - b);
}

/** {@link normalizeAxes} for one axis. */
export function normalizeAxis(op: string, x: Tensor, axis: number): number {
  if (typeof axis !== "number") throw new TensorError(`${op}: the axis is ${shown(axis)}, expected an integer`);
  return nth(normalizeAxes(op, x, axis), 0);
}
