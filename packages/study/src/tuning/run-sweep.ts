import { runStudy, type RunControl, type RunOutcome } from "../run/run-study.ts";
import type { SweepPlan } from "./plan-sweep.ts";
import type { TunedCell } from "./tuned.ts";

/** Signals and callbacks of a sweep. */
export interface SweepControl extends RunControl {
  /** Called before each round, the first one too. */
  onRound?(round: SweepPlan): void;
}

/** The result of {@link runSweep}. */
export interface SweepOutcome extends RunOutcome {
  readonly tuned: readonly TunedCell[];
  /** Whether all tuning trials ended, so that the trials that are reported could run. */
  readonly isTuned: boolean;
}

/**
 * Runs a planned sweep, round after round, to its report. It can be stopped at any time: planned again with the same
 * store, it goes on from there, and ends with the same bits. They do not depend on the number of jobs either.
 */
export async function runSweep(plan: SweepPlan, control: SweepControl = {}): Promise<SweepOutcome> {
  for (let round = plan; ;) {
    control.onRound?.(round);
    const outcome = await runStudy(round, control);
    const next = await round.next();
    const stopped = outcome.interrupted || outcome.ended !== null || outcome.left.length > 0;
    // Without a trial to run, the next round would decide no more than this one: a result cannot be read.
    if (stopped || round.isTuned || (!next.isTuned && next.pending.length === 0))
      return { ...outcome, tuned: next.tuned, isTuned: next.isTuned };
    round = next;
  }
}
