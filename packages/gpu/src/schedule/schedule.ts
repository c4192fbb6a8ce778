import type { Type, Values } from "@sluice/tensor";
import type { Place } from "../kernels/source.ts";

/**
 * A program as launches of kernels. A buffer is written as a whole by one launch and never again, so that no kernel
 * reads what it writes; what a loop carries from step to step changes by taking another buffer's handle, not its
 * values.
 */
export interface Schedule {
  /** Floats that each buffer holds. */
  readonly buffers: readonly number[];
  readonly constants: Packed<Placed & { readonly values: Values }>;
  /** The inputs that `run` is given, one behind the other in one buffer. */
  readonly inputs: Packed<Placed>;
  /** What stays on the device between runs. */
  readonly state: readonly Placed[];
  readonly steps: readonly Step[];
  /** State that takes another buffer after each run. */
  readonly carried: readonly Carried[];
  readonly outputs: readonly Placed[];
}

/** A tensor and where it lies. */
export interface Placed {
  readonly type: Type;
  readonly place: Place;
}

/** Tensors in one buffer. */
interface Packed<P extends Placed> {
  readonly buffer: number;
  readonly parts: readonly P[];
}

export type Step = Launch | Loop;

export interface Launch {
  readonly kind: "launch";
  readonly code: string;
  /** Buffers in the order of the kernel's arguments; the positions of the loops at these depths follow. */
  readonly reads: readonly number[];
  readonly positions: readonly number[];
  readonly writes: number;
  /** Buffers that nobody in this block reads after this step. */
  readonly release: readonly number[];
}

export interface Loop {
  readonly kind: "loop";
  readonly length: number;
  /** The position runs from length - 1 to 0. */
  readonly reverse: boolean;
  readonly depth: number;
  readonly body: readonly Step[];
  readonly carried: readonly Carried[];
  /** Buffers of every step, stacked. */
  readonly stacked: readonly Stacked[];
  readonly release: readonly number[];
}

/** At the end of a step `slot` takes what `next` holds. */
export interface Carried {
  readonly slot: number;
  readonly next: number;
}

/** `elements` floats of `from` in each step, one behind the other in `to` by position. */
export interface Stacked {
  readonly from: number;
  readonly start: number;
  readonly to: number;
  readonly elements: number;
}
