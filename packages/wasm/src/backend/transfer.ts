import { type Padding, unpadded } from "@sluice/compiler";
import type { ArrayTensor, Type, Values } from "@sluice/tensor";
import { nth, type Piece, sizeOf } from "@sluice/tensor/internal";
import type { Written } from "../hosts/index.ts";

/** A tensor that is copied in or out. `place` is an index into the places of the session. */
export interface Slot {
  readonly place: number;
  readonly type: Type;
  /** `lengths` is an index into the inputs of `run`. */
  readonly padding?: Padding;
}

/**
 * What is copied into the slots. Of an input with padding, only what is read, where that is faster: what is beyond the
 * lengths stays as it is.
 */
export function written(slots: readonly Slot[], tensors: readonly ArrayTensor[]): Written[] {
  return slots.map(({ place, type, padding }, i) => {
    const x = nth(tensors, i);
    const ranges = padding && unpadded(type.shape, padding, nth(tensors, padding.lengths).data);
    if (x.pieces !== undefined) {
      const needed = ranges ?? [0, sizeOf(type.shape)];
      return { place, pieces: x.pieces, zeros: filling(needed, x.pieces) ? [] : needed };
    }
    if (ranges === undefined || x.data.length < WORTH_A_RANGE * ranges.length) return whole(place, x.data);
    const pieces = ranges.flatMap((at, bound): Piece[] =>
      bound % 2 === 0 ? [{ at, values: x.data.subarray(at, ranges[bound + 1]) }] : [],
    );
    return { place, zeros: [], pieces };
  });
}

/** The values of a whole slot. */
export const whole = (place: number, values: Values): Written => ({ place, zeros: [], pieces: [{ at: 0, values }] });

/** Whether the pieces cover every element of the ranges. */
function filling(ranges: readonly number[], pieces: readonly Piece[]): boolean {
  const left = pieces.values();
  let piece = left.next().value;
  for (let i = 0; i < ranges.length; i += 2) {
    let at = nth(ranges, i);
    for (; piece !== undefined && piece.at <= at; piece = left.next().value)
      at = Math.max(at, piece.at + piece.values.length);
    if (at < nth(ranges, i + 1)) return false;
  }
  return true;
}

/**
 * Copying only ranges is faster than copying the whole tensor if the tensor has at least this many elements per range
 * bound.
 */
const WORTH_A_RANGE = 1024;

/** The tensors that were copied out. */
export function tensorsOf(slots: readonly Slot[], values: readonly Values[]): ArrayTensor[] {
  return slots.map(({ type }, i) => ({ kind: "array", ...type, data: nth(values, i) }));
}
