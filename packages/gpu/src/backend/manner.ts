import { modes, type GpuMode } from "../device/modes.ts";
import type { Schedule, Step } from "../schedule/schedule.ts";
import { FAN } from "./stack.ts";

/** How a run is done, and why. */
export interface Manner {
  readonly pipeline: boolean;
  readonly reason: string;
}

/** Launches of a pipeline: gpu.js keeps something for each, so that very long sequences are launched one by one. */
const MOST_LAUNCHES = 20_000;
/**
 * What a launch costs more on its own, in bytes of state that could be read back and sent again in that time:
 * `tests/time-gpu-pipelines.ts` measures both.
 */
const BYTES_A_LAUNCH = 16_384;

/**
 * A pipeline wherever gpu.js does its launches as one and what it reads back, state among it, costs less than launching
 * one by one.
 */
export function manner(mode: GpuMode, plan: Schedule, allowed: boolean): Manner {
  const launches = launchesOf(plan.steps);
  const no = (reason: string): Manner => ({ pipeline: false, reason: `${launches} launches one by one: ${reason}` });
  if (modes[mode].pipelines === undefined) return no(`gpu.js does no pipelines as one in mode ${mode}`);
  if (!allowed) return no("so it was asked for");
  if (launches === 0) return no("there are none");
  if (launches > MOST_LAUNCHES) return no(`a pipeline may have ${MOST_LAUNCHES}`);
  const bytes =
    4 * [...new Set(plan.carried.map(({ slot }) => slot))].reduce((sum, slot) => sum + plan.buffers[slot]!, 0);
  if (!modes[mode].isHost && bytes > BYTES_A_LAUNCH * launches) return no(`${bytes} bytes of state stay on the device`);
  return { pipeline: true, reason: `a pipeline of ${launches} launches` };
}

function launchesOf(steps: readonly Step[]): number {
  return steps.reduce((count, step) => {
    if (step.kind === "launch") return count + 1;
    const joins = step.stacked.length * Math.ceil(step.length / (FAN - 1));
    return count + step.length * launchesOf(step.body) + joins;
  }, 0);
}
