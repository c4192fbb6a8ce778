import { TensorError } from "./errors.ts";
import { zip } from "./lists.ts";
import { shown } from "./shown.ts";

/** The lengths of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The element at a position, which has one index for each axis. */
export function offsetAt(position: readonly number[], strides: readonly number[]): number {
  return zip(position, strides).reduce((sum, [index, stride]) => sum + index * stride, 0);
}

/** The position of a row-major element: one index for each axis. */
export function positionOf(element: number, shape: Shape): number[] {
  return zip(stridesOf(shape), shape).map(([stride, n]) => Math.floor(element / stride) % n);
}

/** Throws an error that begins with `operation` if a length is negative or not an integer. */
export function checkShape(operation: string, shape: Shape): void {
  if (Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0)) return;
  throw new TensorError(
    `${operation}: ${Array.isArray(shape) ? showShape(shape) : shown(shape)} is not a shape, which is a list of integers >= 0, such as [32, 64]`,
  );
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** A shape as text: `[32,64]`. */
export function showShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/**
 * NumPy's broadcasting: axes are aligned at the end, and a length of 1 stretches. Undefined if the shapes do not fit.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return undefined;
    out.push(m === 1 ? n : m);
  }
  return out;
}
