import type { Environment } from "../environment.ts";
import type { PlannedTrial } from "../plan.ts";
import type { Signal } from "../signal.ts";
import type { Study } from "../study.ts";
import type { Progress } from "../trial.ts";
import type { Store } from "./store.ts";

/**
 * What runs trials: in processes of their own (`childProcesses` of `@sluice/runner`), in this one (`inProcess`), or
 * elsewhere. Wherever a trial runs, `runTrial` there opens it in the store and leaves its result.
 */
export interface Executor {
  /**
   * Runs a trial to its end. Never rejects for what a trial does.
   *
   * @returns `null` where the trial has left its result in the store, else how it ended.
   */
  run(trial: PlannedTrial, task: TrialTask): Promise<Ending | null>;
}

/** What a trial needs besides its plan. */
export interface TrialTask {
  readonly study: Study;
  readonly store: Store;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
  /** Seconds that the trial may take in this session; `null` for as long as it likes. */
  readonly limit: number | null;
  /** Asks the trial to stop. */
  readonly signal: Signal;
  /** Asks the executor to end the trial at once, if it can. */
  readonly kill: Signal;
  onResumed(step: number): void;
  onProgress(progress: Progress): void;
}

/** Why a trial stops before its end: it can go on another time, or it counts as failed. */
export interface Stop {
  readonly status: "interrupted" | "failed";
  readonly reason: string;
}

/** How a trial ended that could not say so itself. */
export interface Ending extends Stop {
  /** Seconds of this session. */
  readonly seconds: number;
  /** Whether this may go into the store as the trial's result. Not where the store failed, or another has the trial. */
  readonly write: boolean;
}

/** What is said of a trial that reached its limit. */
export const overLimit = (seconds: number): Stop => ({
  status: "failed",
  reason: `it took longer than its limit of ${seconds} s`,
});

/** The reason of an abort that stops a trial. */
export function stopping(stop: Stop): Error {
  return Object.assign(new Error(stop.reason), { name: "AbortError", stop });
}
