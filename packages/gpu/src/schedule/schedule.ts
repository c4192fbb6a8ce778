import type { Type, Values } from "@sluice/tensor";
import type { BufferLocation } from "../kernels/source.ts";

/**
 * A program as kernel launches. One launch writes a whole buffer, and nothing writes it again, so no kernel reads what
 * it writes. A loop's state changes by taking over another buffer's handle; values are not copied.
 */
export interface Schedule {
  /** The size of each buffer, in floats. */
  readonly buffers: readonly number[];
  readonly constants: Packed<Placed & { readonly values: Values }>;
  /** The inputs of `run`, one after another in one buffer. */
  readonly inputs: Packed<Placed>;
  /** The state, which stays on the device between runs. */
  readonly state: readonly Placed[];
  readonly steps: readonly Step[];
  /** State slots, and the buffers that they take over after each run. */
  readonly carried: readonly Carried[];
  readonly outputs: readonly Placed[];
}

/** A tensor and where it is stored. */
export interface Placed {
  readonly type: Type;
  readonly place: BufferLocation;
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
  /** The buffers in the order of the kernel's arguments, then the depths of the loops whose positions follow. */
  readonly reads: readonly number[];
  readonly positions: readonly number[];
  readonly writes: number;
  /** Buffers that no later step of this block reads. */
  readonly release: readonly number[];
}

export interface Loop {
  readonly kind: "loop";
  readonly length: number;
  /** Whether the position runs from length - 1 down to 0. */
  readonly reverse: boolean;
  readonly depth: number;
  readonly body: readonly Step[];
  readonly carried: readonly Carried[];
  /** Outputs of all steps, stacked. */
  readonly stacked: readonly Stacked[];
  readonly release: readonly number[];
}

/** At the end of a step, `slot` takes over the contents of `next`. */
export interface Carried {
  readonly slot: number;
  readonly next: number;
}

/** `elements` floats of `from`, taken in each step and stored one after another in `to`, by position. */
export interface Stacked {
  readonly from: number;
  readonly start: number;
  readonly to: number;
  readonly elements: number;
}
