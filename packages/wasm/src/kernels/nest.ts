import type { Shape } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, type Local } from "../assembler/index.ts";

/** A loop of a kernel. */
export interface Axis {
  readonly length: number;
  /** Whether the kernel's range of rows is a part of this axis. Each row then has `perRow` of its elements. */
  readonly split: boolean;
  readonly perRow: number;
  /** The stride of each pointer, in elements. */
  readonly strides: readonly number[];
  /** A short axis that is walked together with this one: so many elements for each element of this one. */
  readonly within?: Pick<Axis, "length" | "strides">;
}

/** The iteration space of a kernel: its axes, outermost first, and the rows that threads divide. */
export interface Iteration {
  readonly axes: readonly Axis[];
  /** The number of rows: the length of the outermost axis that is longer than 1. */
  readonly rows: number;
  /** Elements from one row to the next, for each pointer. */
  readonly rowStrides: readonly number[];
}

/** The loops over `shape`. Neighbouring axes are merged where the strides of all pointers allow it. */
export function iterationOf(shape: Shape, strides: readonly (readonly number[])[]): Iteration {
  const long = shape.flatMap((length, axis): Axis[] =>
    length === 1 ? [] : [{ length, split: false, perRow: 1, strides: strides.map((of) => nth(of, axis)) }],
  );
  const [first, ...rest] = long;
  if (first === undefined) return { axes: [], rows: 1, rowStrides: strides.map(() => 0) };
  const axes: Axis[] = [];
  for (const axis of [{ ...first, split: true }, ...rest]) {
    const outer = axes.at(-1);
    if (outer !== undefined && outer.strides.every((stride, i) => stride === nth(axis.strides, i) * axis.length)) {
      axes.splice(-1, 1, {
        ...axis,
        length: outer.length * axis.length,
        split: outer.split,
        perRow: outer.perRow * axis.length,
      });
    } else axes.push(axis);
  }
  return { axes, rows: first.length, rowStrides: first.strides };
}

/** How many elements of an axis a range of rows covers. */
export function countOf(axis: Axis, first: Expression<"i32">, end: Expression<"i32">): Expression<"i32"> {
  return axis.split ? i32.mul(i32.sub(end, first), axis.perRow) : i32.const(axis.length);
}

/** Moves pointers to row `first`. */
export function toFirstRow(
  body: Body,
  { rowStrides }: Iteration,
  first: Expression<"i32">,
  pointers: readonly Local<"i32">[],
): void {
  pointers.forEach((pointer, i) => {
    const stride = nth(rowStrides, i);
    if (stride !== 0) body.set(pointer, i32.add(pointer, i32.mul(first, 4 * stride)));
  });
}

/** Moves pointers by `count` elements along an axis. */
export function advance(body: Body, pointers: readonly Local<"i32">[], { strides }: Axis, count: number): void {
  pointers.forEach((pointer, i) => {
    const stride = nth(strides, i);
    if (stride !== 0) body.set(pointer, i32.add(pointer, 4 * count * stride));
  });
}

/** Pointers of their own for an axis: one that does not move along it is that of the outer axis. */
export function movingAlong(body: Body, { strides }: Axis, pointers: readonly Local<"i32">[]): Local<"i32">[] {
  return pointers.map((pointer, i) => (strides[i] === 0 ? pointer : body.let(pointer, pointer.name)));
}

/**
 * Loops over `axes`. `inner` gets as many pointers as were given, to the first element of the remaining axes, and must
 * not change them.
 */
export function nest<const P extends readonly Local<"i32">[]>(
  body: Body,
  axes: readonly Axis[],
  range: { readonly first: Expression<"i32">; readonly end: Expression<"i32"> },
  pointers: P,
  inner: (pointers: { readonly [K in keyof P]: Local<"i32"> }) => void,
): void;
export function nest(
  body: Body,
  axes: readonly Axis[],
  range: { readonly first: Expression<"i32">; readonly end: Expression<"i32"> },
  pointers: readonly Local<"i32">[],
  inner: (pointers: readonly Local<"i32">[]) => void,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) return inner(pointers);
  const left = body.let(countOf(axis, range.first, range.end), "left");
  const moving = movingAlong(body, axis, pointers);
  body.while(left, () => {
    nest(body, rest, range, moving, inner);
    advance(body, moving, axis, 1);
    body.set(left, i32.sub(left, 1));
  });
}

/**
 * Walks `count` elements in blocks of the given widths: the widest first, then narrower ones for the rest. The last
 * width should be 1, unless every count is a multiple of it (`unit`). If the count is known when the code is generated,
 * the last block has exactly the rest.
 */
export function blocks(
  body: Body,
  count: Expression<"i32">,
  options: { readonly known: number | undefined; readonly unit: number; readonly widths: readonly number[] },
  block: (width: number) => void,
): void {
  const { known, unit, widths } = options;
  if (known !== undefined) {
    let left = known;
    for (const width of widths.filter((w) => w >= 4)) {
      const times = Math.floor(left / width);
      if (times === 1) block(width);
      else if (times > 1) {
        const counter = body.local("i32", "left");
        body.set(counter, times);
        body.repeatWhile(counter, () => {
          block(width);
          body.set(counter, i32.sub(counter, 1));
        });
      }
      left -= times * width;
    }
    if (left > 0) block(left);
    return;
  }
  const left = body.let(count, "left");
  let wider: number | undefined;
  for (const width of widths) {
    if (wider === undefined || unit % wider !== 0)
      body.while(i32.geU(left, width), () => {
        block(width);
        body.set(left, i32.sub(left, width));
      });
    wider = width;
  }
}
