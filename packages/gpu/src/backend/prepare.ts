import type { Kernel, KernelSet } from "../device/kernels.ts";
import type { Launch, Loop, Step } from "../schedule/schedule.ts";

/** Steps with their kernels. */
export type Prepared = PreparedLaunch | PreparedLoop;

interface PreparedLaunch extends Launch {
  readonly kernel: Kernel;
}

export interface PreparedLoop extends Omit<Loop, "body"> {
  readonly body: readonly Prepared[];
  /** Buffers that are given back at the end of each of its steps. */
  readonly ends: readonly number[];
  /** A kernel in it asks for the position. */
  readonly counts: boolean;
}

export function prepare(kernels: KernelSet, sizes: readonly number[], steps: readonly Step[]): Prepared[] {
  return steps.map((step): Prepared => {
    if (step.kind === "launch")
      return {
        ...step,
        kernel: kernels.kernel(
          step.code,
          step.reads.map((buffer) => sizes[buffer]!),
          sizes[step.writes]!,
        ),
      };
    const slots = new Set(step.carried.map(({ slot }) => slot));
    const ends = new Set([
      ...step.carried.map(({ next }) => next),
      ...step.stacked.flatMap(({ from }) => (slots.has(from) ? [] : [from])),
    ]);
    return { ...step, body: prepare(kernels, sizes, step.body), ends: [...ends], counts: asks(step.body, step.depth) };
  });
}

function asks(steps: readonly Step[], depth: number): boolean {
  return steps.some((step) => (step.kind === "launch" ? step.positions.includes(depth) : asks(step.body, depth)));
}
