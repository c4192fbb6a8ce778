import type { ArrayTensor, Tensor } from "@sluice/tensor";
import type { SymbolTensor } from "@sluice/tensor/internal";
import type { Index } from "./position.ts";

/**
 * Where a value is stored: element i at `offset + sum(i[axis] * strides[axis])` of a buffer of floats. For an i32 that
 * is the high half; the low half is `low` floats later.
 */
export interface BufferLocation {
  readonly buffer: number;
  readonly offset: number;
  readonly strides: readonly number[];
  readonly low: number;
}

/**
 * Where a symbol's value comes from: a buffer, or another tensor with `lead` as its first indices (the position in a
 * loop).
 */
export type Source = { readonly place: BufferLocation } | { readonly tensor: Tensor; readonly lead: readonly Index[] };

/** What a kernel needs to know about values that it does not compute. */
export interface Sources {
  /** Undefined if the kernel computes the value itself. */
  of(x: SymbolTensor): Source | undefined;
  constant(x: ArrayTensor): BufferLocation;
}
