import { type Shape, type Tensor } from "@sluice/tensor";
import { nth, sizeOf, type Node, type Operation } from "@sluice/tensor/internal";
import { factsOf, type OperationWith } from "../facts/facts.ts";
import { sameTensor } from "../program/tensor-map.ts";

/** Steps of a batch of sequences. Only the steps before each sequence's length are real. */
export interface Region {
  /** i32 [batch] */
  readonly lengths: Tensor;
  /** The number of steps of the longest sequence that fits. */
  readonly time: number;
  readonly batch: number;
}

/**
 * The position of a value's steps and rows: on two axes, or on one axis of time x batch on which rows or steps vary
 * faster.
 */
export type Layout = { readonly time: number; readonly batch: number } | MergedLayout;

interface MergedLayout {
  readonly merged: number;
  readonly faster: Faster;
}

export type Faster = "batch" | "time";

/** Rows of steps of a value. */
export interface Rows {
  readonly region: Region;
  readonly layout: Layout;
}

export function sameRegion(a: Region, b: Region): boolean {
  return a.time === b.time && a.batch === b.batch && sameTensor(a.lengths, b.lengths);
}

export function sameLayout(a: Layout, b: Layout): boolean {
  if ("merged" in a) return "merged" in b && a.merged === b.merged && a.faster === b.faster;
  return "time" in b && a.time === b.time && a.batch === b.batch;
}

export function axesOf(layout: Layout): readonly number[] {
  return "merged" in layout ? [layout.merged] : [layout.time, layout.batch];
}

/** What varies faster if the axes of steps and rows are joined in their order. */
export function fasterOf(layout: Layout): Faster {
  return "merged" in layout ? layout.faster : layout.time < layout.batch ? "batch" : "time";
}

/** Whether rows are the first axis once steps are processed one by one. */
export function rowsInFront(layout: Layout): boolean {
  return "merged" in layout ? layout.merged === 0 : layout.batch === (layout.time === 0 ? 1 : 0);
}

/** Whether steps and rows are the first axes, in either order. */
export function inFront(layout: Layout): boolean {
  return "merged" in layout ? layout.merged === 0 : layout.time + layout.batch === 1;
}

/** Moves each axis; undefined if one is lost. */
export function moved(layout: Layout, to: (axis: number) => number | undefined): Layout | undefined {
  const [first, second] = axesOf(layout).map(to);
  if (first === undefined || first < 0) return undefined;
  if ("merged" in layout) return { merged: first, faster: layout.faster };
  return second === undefined || second < 0 ? undefined : { time: first, batch: second };
}

/** The layout of the operand of a sum along `gone`, from the layout of the result, which does not have this axis. */
export function layoutBeforeSum(layout: Layout, gone: number): Layout {
  const before = (axis: number): number => (axis >= gone ? axis + 1 : axis);
  if ("merged" in layout) return { merged: before(layout.merged), faster: layout.faster };
  return { time: before(layout.time), batch: before(layout.batch) };
}

/** The layout of the result of a view or an assembly, from the layout of its operand. */
export function layoutAfter({ operation, inputs, outputs }: Node, layout: Layout, region: Region): Layout | undefined {
  const [from, to] = [nth(inputs, 0).shape, nth(outputs, 0).shape];
  return layoutThrough(operation, layout, region, {
    from,
    to,
    transposed: (axes, axis) => axes.indexOf(axis),
    broadcast: (axis) =>
      from[axis] === to[axis + to.length - from.length] ? axis + to.length - from.length : undefined,
  });
}

/** The layout of the operand of a view or an assembly, from the layout of its result. */
export function layoutBefore({ operation, inputs, outputs }: Node, layout: Layout, region: Region): Layout | undefined {
  const [from, to] = [nth(inputs, 0).shape, nth(outputs, 0).shape];
  return layoutThrough(operation, layout, region, {
    from: to,
    to: from,
    transposed: (axes, axis) => axes[axis],
    broadcast: (axis) =>
      from[axis - to.length + from.length] === to[axis] ? axis - to.length + from.length : undefined,
  });
}

/** One direction through a view or an assembly. */
interface Through {
  readonly from: Shape;
  readonly to: Shape;
  readonly transposed: (axes: readonly number[], axis: number) => number | undefined;
  readonly broadcast: (axis: number) => number | undefined;
}

function layoutThrough(
  operation: Operation,
  layout: Layout,
  region: Region,
  { from, to, transposed, broadcast }: Through,
): Layout | undefined {
  if (!isLooking(operation)) return undefined;
  const axes = axesOf(layout);
  const isWhole = (axis: number): boolean => from[axis] === to[axis];
  const kept = (condition: boolean): Layout | undefined => (condition ? layout : undefined);
  switch (operation.op) {
    case "transpose":
      return moved(layout, (axis) => transposed(operation.axes, axis));
    case "reshape":
      return reshaped(layout, from, to, region);
    case "broadcast":
      return moved(layout, broadcast);
    case "slice":
      return kept(axes.every(isWhole));
    case "concat":
      return kept(!axes.includes(operation.axis));
    case "pad":
      return kept(axes.every((axis) => operation.before[axis] === 0 && isWhole(axis)));
    case "name":
    case "stopGradient":
      return layout;
  }
}

function isLooking(operation: Operation): operation is OperationWith<"view" | "assembly"> {
  const { role } = factsOf(operation);
  return role === "view" || role === "assembly";
}

/** A reshape keeps an axis if as many elements come before it as before. It may join or separate steps and rows. */
function reshaped(layout: Layout, from: Shape, to: Shape, { time, batch }: Region): Layout | undefined {
  const before = (axis: number): number => sizeOf(from.slice(0, axis));
  const find = (elementsBefore: number, length: number): number =>
    to.findIndex((n, axis) => n === length && sizeOf(to.slice(0, axis)) === elementsBefore);
  const parted = (ofTime: number, ofBatch: number): Layout | undefined =>
    moved({ time: 0, batch: 1 }, (axis) => (axis === 0 ? find(ofTime, time) : find(ofBatch, batch)));
  if ("merged" in layout) {
    const start = before(layout.merged);
    const apart = (): Layout | undefined =>
      layout.faster === "batch" ? parted(start, start * time) : parted(start * batch, start);
    return moved(layout, () => find(start, time * batch)) ?? apart();
  }
  const kept = parted(before(layout.time), before(layout.batch));
  if (kept !== undefined || Math.abs(layout.batch - layout.time) !== 1) return kept;
  return moved({ merged: 0, faster: fasterOf(layout) }, () =>
    find(before(Math.min(layout.time, layout.batch)), time * batch),
  );
}
