import type { Plan, View } from "@sluice/compiler";
import { nth } from "@sluice/tensor/internal";
import { type Expression, i32 } from "../assembler/index.ts";

/** The address of the state of the threads' barrier. */
export const BARRIER = 0;
const CONTROL_BYTES = 256;
const ALIGNMENT = 64;

/** The layout of an executable's memory: control words, the plan's buffers, and scratch memory for each thread. */
export interface Layout {
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly bytes: number;
}

export function layoutOf(plan: Plan, threads: number, scratchBytes: number): Layout {
  const each = Math.ceil(scratchBytes / ALIGNMENT) * ALIGNMENT;
  const scratch = CONTROL_BYTES + Math.ceil(plan.bytes / ALIGNMENT) * ALIGNMENT;
  return { scratch, scratchBytes: each, bytes: scratch + threads * each };
}

/** Address of a view's first element, in bytes. */
export function addressOf(plan: Plan, view: View, positions: readonly Expression<"i32">[]): Expression<"i32"> {
  let address: Expression<"i32"> = i32.const(byteOffset(plan, view));
  view.loops.forEach((stride, loop) => {
    if (stride !== 0) address = i32.add(i32.mul(nth(positions, loop), 4 * stride), address);
  });
  return address;
}

export function byteOffset(plan: Plan, view: View): number {
  return CONTROL_BYTES + nth(plan.buffers, view.buffer).offset + 4 * view.offset;
}
