/** How a pass walks over its elements: the axis that vectors run along, and the blocks of neighbours on it. */
import { nth } from "@sluice/tensor/internal";
import type { Body, Expression } from "../assembler/index.ts";
import { areNear, areNeighbours } from "./lanes.ts";
import { type Axis, blocks } from "./nest.ts";
import type { Pass, PointerOffset } from "./pass.ts";

/** Neighbouring elements that are computed together: `copies` vectors with `lanes` of them each. */
export interface Block {
  readonly copies: number;
  readonly lanes: number;
}

/** The axis that vectors run along, and those around it. */
export interface Walk {
  readonly outer: readonly Axis[];
  /** Undefined if there is none: one element. */
  readonly inner: Axis | undefined;
}

/**
 * Vectors run along the axis along which most values are contiguous or constant; if several are equal, along the last.
 * A last axis shorter than a vector is walked together with the one before it.
 */
export function walkOf(axes: readonly Axis[], { loads, stores }: Pass): Walk {
  const score = (axis: Axis): number => {
    if (axis.length < 4) return 0;
    const easy = ({ pointer }: PointerOffset, weight: number): number => {
      const places = [0, 1, 2, 3].map((element) => placeOf(axis, pointer, element));
      return areNeighbours(places) ? weight : areNear(places) ? 0.9 * weight : 0;
    };
    const sum =
      loads.reduce((total, place) => total + easy(place, 1), 0) +
      stores.reduce((total, place) => total + easy(place, 2), 0);
    return sum;
  };
  const single = axes.map((inner): Walk => ({ inner, outer: axes.filter((axis) => axis !== inner) }));
  const [before, last] = [axes.at(-2), axes.at(-1)];
  const joined =
    before !== undefined && last !== undefined && isShort(last)
      ? [{ inner: walkedWith(before, last), outer: axes.slice(0, -2) }]
      : [];
  const scoreOf = ({ inner }: Walk): number => (inner === undefined ? 0 : score(inner));
  return [...single, ...joined].reduce<Walk>(
    (best, walk) => (best.inner === undefined || scoreOf(walk) >= scoreOf(best) ? walk : best),
    { inner: undefined, outer: axes },
  );
}

/** Whether an axis has no more elements than a vector, but more than one. */
export const isShort = ({ length, split }: Axis): boolean => length > 1 && length <= 4 && !split;

/** An axis with a short one within it. */
export const walkedWith = (axis: Axis, { length, strides }: Axis): Axis => ({ ...axis, within: { length, strides } });

/** Walks `count` elements of an axis in blocks of up to `widths`; with a short axis within it, of whole groups. */
export function walk(
  body: Body,
  axis: Axis,
  { count, widths }: { readonly count: Expression<"i32">; readonly widths: readonly number[] },
  block: (block: Block, width: number) => void,
): void {
  const group = axis.within?.length;
  const write = (width: number): void => block(blockOf(width * (group ?? 1)), width);
  if (group === undefined) {
    blocks(body, count, { known: axis.split ? undefined : axis.length, unit: axis.perRow, widths }, write);
    return;
  }
  const most = Math.max(4, 4 * Math.floor(nth(widths, 0) / group / 4));
  const unit = axis.split ? axis.perRow : axis.length;
  blocks(body, count, { known: undefined, unit, widths: [...new Set([most, 4, 1])] }, write);
}

/** A block of so many elements. */
export const blockOf = (elements: number): Block => ({
  copies: Math.max(1, Math.floor(elements / 4)),
  lanes: Math.min(4, elements),
});

/** Where the nth element of an axis is, in elements from the first. */
function placeOf({ strides, within }: Axis, pointer: number, element: number): number {
  const group = within?.length ?? 1;
  const inside = within === undefined ? 0 : (element % group) * nth(within.strides, pointer);
  return Math.floor(element / group) * nth(strides, pointer) + inside;
}

/** Where the lanes of the `copy`-th vector of a block are, in elements from the start of the block. */
export function placesIn(
  axis: Axis,
  pointer: number,
  { copy, lanes }: { readonly copy: number; readonly lanes: number },
): number[] {
  return Array.from({ length: lanes }, (_, lane) => placeOf(axis, pointer, 4 * copy + lane));
}
