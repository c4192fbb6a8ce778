import type { ArrayTensor, Tensor } from "@sluice/tensor";
import type { SymbolTensor } from "@sluice/tensor/internal";
import type { Index } from "./position.ts";

/**
 * Where a value lies: element i at `offset + sum(i[axis] * strides[axis])` of a buffer of floats; of an i32 the high
 * half there, and the low half `low` further.
 */
export interface Place {
  readonly buffer: number;
  readonly offset: number;
  readonly strides: readonly number[];
  readonly low: number;
}

/**
 * What a symbol stands for: values in a buffer, or another tensor at a position (of a loop) in front of its own axes.
 */
export type Source = { readonly place: Place } | { readonly tensor: Tensor; readonly lead: readonly Index[] };

/** What a kernel has to know about values from outside. */
export interface Sources {
  /** Undefined where the kernel computes the value itself. */
  of(x: SymbolTensor): Source | undefined;
  constant(x: ArrayTensor): Place;
}
