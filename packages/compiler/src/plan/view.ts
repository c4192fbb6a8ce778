import { type Shape } from "@sluice/tensor";
import { nth, offsetAt, picked, stridesOf, zip } from "@sluice/tensor/internal";
import type { View } from "./plan.ts";

/** A whole buffer, row-major. */
export function whole(buffer: number, shape: Shape): View {
  return { buffer, offset: 0, shape, strides: stridesOf(shape), loops: [] };
}

/** Position t of the loop at `depth` in a buffer of [time, ...]. */
export function slot(view: View, depth: number): View {
  const [first = 0, ...strides] = view.strides;
  return { ...view, shape: view.shape.slice(1), strides, loops: withLoop(view.loops, depth, first) };
}

/** A stride added for the loop at `depth`. */
export function withLoop(loops: readonly number[], depth: number, stride: number): number[] {
  return Array.from(
    { length: Math.max(loops.length, depth + 1) },
    (_, i) => (loops[i] ?? 0) + (i === depth ? stride : 0),
  );
}

export function transposeView(view: View, axes: readonly number[]): View {
  return { ...view, shape: picked(view.shape, axes), strides: picked(view.strides, axes) };
}

export function sliceView(view: View, starts: readonly number[], stops: readonly number[]): View {
  return {
    ...view,
    offset: view.offset + offsetAt(starts, view.strides),
    shape: zip(starts, stops).map(([start, stop]) => stop - start),
  };
}

export function broadcastView(view: View, shape: Shape): View {
  const added = shape.length - view.shape.length;
  const strides = shape.map((n, axis) =>
    axis < added || (view.shape[axis - added] === 1 && n !== 1) ? 0 : nth(view.strides, axis - added),
  );
  return { ...view, shape, strides };
}

/** The same elements with another shape, without moving them; undefined if the strides do not allow it. */
export function reshapeView(view: View, shape: Shape): View | undefined {
  const strides = reshapeStrides(view.shape, view.strides, shape);
  return strides && { ...view, shape, strides };
}

/**
 * Axes are matched in runs of equal size, as NumPy does. Within a run the old axes must act as one axis (each stride is
 * the next stride times the next length), and the new axes then divide it.
 */
function reshapeStrides(from: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  if (from.includes(0)) return stridesOf(to);
  const out = new Array<number>(to.length).fill(0);
  const old = zip(from, strides).flatMap(([n, stride]) => (n === 1 ? [] : [{ n, stride }]));
  let i = 0;
  let j = 0;
  while (i < old.length) {
    let oldSize = nth(old, i).n;
    while (to[j] === 1) j++;
    let newSize = nth(to, j);
    const [firstOld, firstNew] = [i, j];
    while (oldSize !== newSize) {
      if (oldSize < newSize) oldSize *= nth(old, ++i).n;
      else newSize *= nth(to, ++j);
    }
    const outer = old.slice(firstOld, i);
    const inner = old.slice(firstOld + 1, i + 1);
    if (!zip(outer, inner).every(([a, b]) => a.stride === b.stride * b.n)) return undefined;
    let { stride } = nth(old, i);
    for (let axis = j; axis >= firstNew; axis--) {
      out[axis] = stride;
      stride *= nth(to, axis);
    }
    i++;
    j++;
  }
  return out;
}

/** Whether a view's elements are consecutive and row-major. */
export function isContiguous(view: View): boolean {
  const strides = stridesOf(view.shape);
  return view.shape.every((n, axis) => n <= 1 || view.strides[axis] === strides[axis]);
}

/** Whether two views have the same buffer, offset, shape and strides. */
export function sameView(a: View, b: View): boolean {
  const equal = (x: readonly number[], y: readonly number[]): boolean =>
    Array.from({ length: Math.max(x.length, y.length) }, (_, i) => (x[i] ?? 0) === (y[i] ?? 0)).every(Boolean);
  return (
    a.buffer === b.buffer &&
    a.offset === b.offset &&
    equal(a.shape, b.shape) &&
    equal(a.strides, b.strides) &&
    equal(a.loops, b.loops)
  );
}
