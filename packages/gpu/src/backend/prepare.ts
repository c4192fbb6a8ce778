import { nth } from "@sluice/tensor/internal";
import type { Kernel, KernelSet } from "../device/kernels.ts";
import type { Launch, Loop, Step } from "../schedule/schedule.ts";

/** A step with its kernel, or a loop of such steps. */
export type Prepared = PreparedLaunch | PreparedLoop;

interface PreparedLaunch extends Launch {
  readonly kernel: Kernel;
}

export interface PreparedLoop extends Omit<Loop, "body"> {
  readonly body: readonly Prepared[];
  /** Buffers to give back at the end of each step. */
  readonly ends: readonly number[];
  /** Whether a kernel in it reads the loop's position. */
  readonly usesPosition: boolean;
}

export function prepare(kernels: KernelSet, sizes: readonly number[], steps: readonly Step[]): Prepared[] {
  return steps.map((step): Prepared => {
    if (step.kind === "launch")
      return {
        ...step,
        kernel: kernels.kernel(
          step.code,
          step.reads.map((buffer) => nth(sizes, buffer)),
          nth(sizes, step.writes),
        ),
      };
    const slots = new Set(step.carried.map(({ slot }) => slot));
    const ends = new Set([
      ...step.carried.map(({ next }) => next),
      ...step.stacked.flatMap(({ from }) => (slots.has(from) ? [] : [from])),
    ]);
    return {
      ...step,
      body: prepare(kernels, sizes, step.body),
      ends: [...ends],
      usesPosition: readsPosition(step.body, step.depth),
    };
  });
}

function readsPosition(steps: readonly Step[], depth: number): boolean {
  return steps.some((step) =>
    step.kind === "launch" ? step.positions.includes(depth) : readsPosition(step.body, depth),
  );
}
