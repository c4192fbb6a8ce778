import { nth, zip } from "../lists.ts";
import { isNodeOf } from "../node.ts";
import { add } from "../primitives/arithmetic.ts";
import { concat } from "../primitives/layout.ts";
import { zerosLike, type Tensor } from "../tensor.ts";

/**
 * The sum of a tensor's cotangents. The gradients of slices arrive padded with zeros. If the slices are adjacent along
 * one axis, as the gates of a cell are, they are concatenated instead of added.
 */
export function accumulate(parts: readonly Tensor[]): Tensor {
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error("a sum of cotangents needs at least one");
  if (rest.length === 0) return first;
  return join(parts) ?? rest.reduce((sum, part) => add(sum, part), first);
}

interface Piece {
  readonly start: number;
  readonly stop: number;
  readonly values: Tensor;
}

function join(parts: readonly Tensor[]): Tensor | undefined {
  let axis: number | undefined;
  const pieces: Piece[] = [];
  for (const part of parts) {
    if (part.kind === "array" || !isNodeOf(part.node, "pad")) return undefined;
    const { before, after } = part.node.operation;
    const padded = zip(before, after).flatMap(([n, m], i) => (n > 0 || m > 0 ? [i] : []));
    const [only] = padded;
    if (only === undefined || padded.length > 1 || (axis !== undefined && axis !== only)) return undefined;
    axis = only;
    const [values] = part.node.inputs;
    const start = nth(before, only);
    pieces.push({ start, stop: start + nth(values.shape, only), values });
  }
  const [whole] = parts;
  if (axis === undefined || whole === undefined) return undefined;
  pieces.sort((a, b) => a.start - b.start);
  const filled: Tensor[] = [];
  let end = 0;
  const gap = (from: number, to: number): void => {
    if (to > from)
      filled.push(zerosLike({ dtype: whole.dtype, shape: whole.shape.map((n, i) => (i === axis ? to - from : n)) }));
  };
  for (const { start, stop, values } of pieces) {
    if (start < end) return undefined;
    gap(end, start);
    filled.push(values);
    end = stop;
  }
  gap(end, nth(whole.shape, axis));
  return concat(filled, axis);
}
