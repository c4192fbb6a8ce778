import { checkElements, type Handle, type Kernel, type KernelSet } from "../device/device.ts";
import type { Launch, Loop, Step } from "../schedule/schedule.ts";

/** The handles of a schedule's buffers while it runs. */
export type Environment = Map<number, Handle>;

/** Steps with their kernels. */
export type Prepared = PreparedLaunch | PreparedLoop;

interface PreparedLaunch extends Launch {
  readonly kernel: Kernel;
}

export interface PreparedLoop extends Omit<Loop, "body"> {
  readonly body: readonly Prepared[];
  /** Buffers that are given back at the end of each of its steps. */
  readonly ends: readonly number[];
}

export function prepare(kernels: KernelSet, sizes: readonly number[], steps: readonly Step[]): Prepared[] {
  return steps.map((step): Prepared => {
    if (step.kind === "launch") {
      checkElements(sizes[step.writes]!);
      return { ...step, kernel: kernels.kernel(step.code, step.reads.map((buffer) => sizes[buffer]!), sizes[step.writes]!) };
    }
    for (const { to } of step.stacked) checkElements(sizes[to]!);
    const ends = new Set([...step.carried.map(({ next }) => next), ...step.stacked.map(({ from }) => from)]);
    return { ...step, body: prepare(kernels, sizes, step.body), ends: [...ends] };
  });
}
