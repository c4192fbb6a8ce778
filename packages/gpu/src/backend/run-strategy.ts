import { nth } from "@sluice/tensor/internal";
import { modes, type GpuMode } from "../device/modes.ts";
import type { Schedule, Step } from "../schedule/schedule.ts";
import { FAN } from "./stack.ts";

/** Whether a run is one pipeline or separate launches, and why. */
export interface RunStrategy {
  readonly pipeline: boolean;
  readonly reason: string;
}

/**
 * The most launches of a pipeline. gpu.js keeps data for each launch, so very long sequences are launched one by one.
 */
const MOST_LAUNCHES = 20_000;
/**
 * The extra cost of a separate launch, given as the bytes of state that could be read back and uploaded in the same
 * time. `tests/time-gpu-pipelines.ts` measures both.
 */
const BYTES_A_LAUNCH = 16_384;

/**
 * Chooses a pipeline if gpu.js can run one in this mode, and if reading back state costs less than launching one by
 * one.
 */
export function chooseStrategy(mode: GpuMode, plan: Schedule, allowed: boolean): RunStrategy {
  const launches = launchesOf(plan.steps);
  const no = (reason: string): RunStrategy => ({
    pipeline: false,
    reason: `${launches} launches one by one: ${reason}`,
  });
  if (modes[mode].pipelines === undefined) return no(`gpu.js cannot run a pipeline as one in mode ${mode}`);
  if (!allowed) return no("pipelines are turned off");
  if (launches === 0) return no("the program has no launches");
  if (launches > MOST_LAUNCHES) return no(`a pipeline may have at most ${MOST_LAUNCHES}`);
  const bytes =
    4 * [...new Set(plan.carried.map(({ slot }) => slot))].reduce((sum, slot) => sum + nth(plan.buffers, slot), 0);
  if (!modes[mode].isHost && bytes > BYTES_A_LAUNCH * launches) return no(`${bytes} bytes of state stay on the device`);
  return { pipeline: true, reason: `a pipeline of ${launches} launches` };
}

/** Launches of a run, loops and the joining of their outputs included. */
export function launchesOf(steps: readonly Step[]): number {
  return steps.reduce((count, step) => {
    if (step.kind === "launch") return count + 1;
    const joins = step.stacked.length * Math.ceil(step.length / (FAN - 1));
    return count + step.length * launchesOf(step.body) + joins;
  }, 0);
}
