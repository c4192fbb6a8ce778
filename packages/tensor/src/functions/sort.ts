import { numbers, type DType } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { add, div, floor, mul, stopGradient, sub } from "../primitives/arithmetic.ts";
import { and, equal, less, not, or } from "../primitives/comparison.ts";
import { checkDType } from "../arguments.ts";
import { convert, select } from "../primitives/elementwise.ts";
import { gather, iota } from "../primitives/indexing.ts";
import { concat, reshape, sliceAxis, transpose } from "../primitives/layout.ts";
import { normalizeAxes } from "../primitives/axes.ts";
import { scan } from "../scan/scan.ts";
import { sizeOf } from "../shape.ts";
import { describe, full, tensor, type Tensor } from "../tensor.ts";

/*
 * Sorting is composed from other primitives: a bitonic network (Batcher, "Sorting Networks and their Applications",
 * 1968) as one loop over its log2(n) (log2(n) + 1) / 2 stages, each of which compares every element with one partner.
 * It only compares, selects and gathers, so every backend gives the same permutation, and the program is equally small
 * for any n. Ties are broken by position, so the sort is stable.
 */

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** Sort the largest element first. Default: the smallest first. NaN is last in both cases. */
  readonly descending?: boolean;
}

/** The elements in order along an axis (default the last), the smallest first; NaN last. Ties keep their order. */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { rows, back, order } = sorted("sort", x, axis, options);
  return back(pick(rows, order));
}

/** i32: the position in `x` of each element of {@link sort}, along the axis (default the last). */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { back, order } = sorted("argsort", x, axis, options);
  return back(order);
}

/**
 * The `count` largest elements along an axis (default the last), the largest first, and their positions (i32). Among
 * equal elements the one with the lower position comes first. NaN comes last.
 */
export function topK(x: Tensor, count: number, axis = -1): { readonly values: Tensor; readonly indices: Tensor } {
  const { rows, back, order } = sorted("topK", x, axis, { descending: true });
  const length = rows.shape[0] ?? 0;
  if (!Number.isInteger(count) || count < 0 || count > length)
    throw new TensorError(
      `topK: count is ${count}, expected an integer from 0 to ${length}, the length of axis ${axis}`,
    );
  const first = sliceAxis(order, 0, 0, count);
  return { values: back(pick(rows, first)), indices: back(first) };
}

/** The elements in the opposite order along an axis (default the last). */
export function flip(x: Tensor, axis = -1): Tensor {
  const { rows, back } = rowsAlong("flip", x, axis);
  const length = rows.shape[0] ?? 0;
  return length < 2 ? x : back(gather(rows, sub(length - 1, iota([length]))));
}

interface Rows {
  /** [n, others] */
  readonly rows: Tensor;
  /** From [any, others] to the axes of x. */
  readonly back: (y: Tensor) => Tensor;
}

function rowsAlong(op: string, x: Tensor, axis: number): Rows {
  const at = normalizeAxes(op, x, axis)[0] ?? 0;
  const axes = [at, ...x.shape.flatMap((_, other) => (other === at ? [] : [other]))];
  const others = axes.slice(1).map((other) => x.shape[other] ?? 0);
  const inverse = axes.map((_, position) => axes.indexOf(position));
  return {
    rows: reshape(transpose(x, axes), [x.shape[at] ?? 0, sizeOf(others)]),
    back: (y) => transpose(reshape(y, [y.shape[0] ?? 0, ...others]), inverse),
  };
}

/** Elements `order[i, j]` of column j, as [m, others]. */
function pick(rows: Tensor, order: Tensor): Tensor {
  const width = rows.shape[1] ?? 0;
  if (sizeOf(order.shape) === 0) return sliceAxis(rows, 0, 0, order.shape[0] ?? 0);
  return gather(reshape(rows, [-1]), add(mul(order, width), iota([width])));
}

/** Positions are computed in f32, which is exact up to here. */
const LONGEST = 8388608;

function sorted(op: string, x: Tensor, axis: number, options: SortOptions): Rows & { readonly order: Tensor } {
  checkDType(op, [...numbers, "bool"], x);
  checkOptions(op, options, ["descending"]);
  const along = rowsAlong(op, x, axis);
  const [length = 0, width = 0] = along.rows.shape;
  if (length > LONGEST) throw new TensorError(`${op}: axis ${axis} of ${describe(x)} is longer than ${LONGEST}`);
  const positions = iota([length, width], { axis: 0 });
  if (length < 2 || width === 0) return { ...along, order: positions };
  const { descending = false } = options;
  const rows = stopGradient(x.dtype === "bool" ? convert(along.rows, "i32") : along.rows);
  let size = 2;
  while (size < length) size *= 2;
  const filling = full([size - length, width], lastKey(rows.dtype, descending), rows.dtype);
  const keys = size === length ? rows : concat([rows, filling], 0);
  const { state } = scan(
    (state: Keyed, stage: Stage) => ({ state: compared(state, stage, descending), output: [] }),
    { keys, order: iota([size, width], { axis: 0 }) },
    stagesOf(size),
  );
  return { ...along, order: sliceAxis(state.order, 0, 0, length) };
}

/** A value that sorts behind all others, ties being broken by position. */
function lastKey(dtype: DType, descending: boolean): number {
  if (dtype !== "i32") return NaN;
  return descending ? -2147483648 : 2147483647;
}

type Keyed = { readonly keys: Tensor; readonly order: Tensor };
/** f32: blocks of `block` are brought in order, one up and one down, by partners `stride` away. */
type Stage = { readonly block: Tensor; readonly stride: Tensor };

function stagesOf(size: number): Stage {
  const [blocks, strides]: [number[], number[]] = [[], []];
  for (let block = 2; block <= size; block *= 2) {
    for (let stride = block / 2; stride >= 1; stride /= 2) {
      blocks.push(block);
      strides.push(stride);
    }
  }
  return { block: tensor(blocks), stride: tensor(strides) };
}

function compared({ keys, order }: Keyed, { block, stride }: Stage, descending: boolean): Keyed {
  const position = iota([keys.shape[0] ?? 0, 1], { axis: 0, dtype: "f32" });
  /** Whether a position is in the second half of its 2 `of`. */
  const half = (of: Tensor): Tensor => sub(floor(div(position, of)), mul(2, floor(div(position, mul(2, of)))));
  const second = half(stride);
  const partner = reshape(convert(add(position, mul(stride, sub(1, mul(2, second)))), "i32"), [-1]);
  const other: Keyed = { keys: gather(keys, partner), order: gather(order, partner) };
  const isFirst = convert(isBefore({ keys, order }, other, descending), "i32");
  const wantsFirst = convert(equal(second, half(block)), "i32");
  const stays = equal(isFirst, wantsFirst);
  return { keys: select(stays, keys, other.keys), order: select(stays, order, other.order) };
}

function isBefore(a: Keyed, b: Keyed, descending: boolean): Tensor {
  const before = descending ? less(b.keys, a.keys) : less(a.keys, b.keys);
  const [isNumberA, isNumberB] = [equal(a.keys, a.keys), equal(b.keys, b.keys)];
  const tie = or(equal(a.keys, b.keys), not(or(isNumberA, isNumberB)));
  return or(or(before, and(isNumberA, not(isNumberB))), and(tie, less(a.order, b.order)));
}
