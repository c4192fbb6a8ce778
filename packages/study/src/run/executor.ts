import type { Environment } from "../environment.ts";
import type { PlannedTrial } from "../plan.ts";
import type { Signal } from "../signal.ts";
import type { Study } from "../study.ts";
import type { Progress } from "../trial.ts";
import type { Store } from "./store.ts";

/**
 * Runs trials: in separate processes (`childProcesses` of `@sluice/runner`), in this process (`inProcess`), or
 * elsewhere. Wherever a trial runs, `runTrial` opens it in the store there and writes its result.
 */
export interface Executor {
  /**
   * Whether a trial may wait after `run` was called, as in a queue. The executor then calls `onStarted` once it runs.
   * Default: it runs at once.
   */
  readonly queues?: boolean;
  /**
   * Whether it is given all trials at once and keeps to the number of trials at a time itself, as a cluster does.
   * Default: it is given as many trials as run at a time.
   */
  readonly takesAll?: boolean;
  /**
   * Called before the first trial of a run, if there is one to run. `say` tells the user what no trial tells: why none
   * starts, or that a connection is lost.
   *
   * @throws an error if no trial can run. The run then ends, and nothing is written.
   */
  open?(told: { say(text: string): void }): Promise<void>;
  /** Called after the last trial of a run, if `open` was. */
  close?(): Promise<void>;
  /**
   * Runs a trial to its end. It never rejects because of what a trial does.
   *
   * @returns `null` if the trial wrote its result into the store, otherwise how it ended.
   */
  run(trial: PlannedTrial, task: TrialTask): Promise<Ending | null>;
}

/** What a trial needs in addition to its plan. */
export interface TrialTask {
  readonly study: Study;
  readonly store: Store;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
  /** Time limit of the trial in this session, in seconds; `null` for no limit. */
  readonly limit: number | null;
  /**
   * How many bytes of memory the trial's process may have, together with all that it has started; `null` for no limit.
   * An executor that cannot see to it refuses the trial.
   */
  readonly memory: number | null;
  /** Asks the trial to stop. */
  readonly signal: Signal;
  /** Asks the executor to end the trial at once, if it can. */
  readonly kill: Signal;
  /** Called by an executor that queues: the trial starts, and where. */
  onStarted?(place: string): void;
  /** Called by an executor that queues: the trial waits, or waits again, and why. */
  onWaiting?(reason: string): void;
  /** Called with the step from which the trial resumes. */
  onResumed(step: number): void;
  /** Called with the progress that the trial reports. */
  onProgress(progress: Progress): void;
}

/** Why a trial stops before its end: it can continue later, or it counts as failed. */
export interface Stop {
  readonly status: "interrupted" | "failed";
  readonly reason: string;
}

/** How a trial ended that could not write its own result. */
export interface Ending extends Stop {
  /** Seconds of this session. */
  readonly seconds: number;
  /**
   * Whether this may be stored as the trial's result. It may not if the store failed or if another session has the
   * trial.
   */
  readonly write: boolean;
  /** Whether the trial goes on elsewhere, and the runner has only left it. */
  readonly goesOn?: boolean;
}

/** The reason for a trial that reached its time limit. */
export const overLimit = (seconds: number): Stop => ({
  status: "failed",
  reason: `it took longer than its limit of ${seconds} s`,
});

/** The reason for a trial that reached its memory limit, with `bytes` if they are known. */
export function overMemory(bytes: number | null, limit: number): Stop {
  const most = formatBytes(limit);
  if (bytes === null) return { status: "failed", reason: `it took more memory than its limit of ${most}` };
  const took = [2, 3, 4, 5].map((digits) => formatBytes(bytes, digits)).find((text) => text !== most);
  return { status: "failed", reason: `it took ${took ?? `${bytes} bytes`}, more than its limit of ${most}` };
}

/** The reason of an abort that stops a trial. */
export function stopping(stop: Stop): Error {
  return Object.assign(new Error(stop.reason), { name: "AbortError", stop });
}

/** "2.1 GB": in the units of disks and of `--memory 2GB`, powers of 1000. */
function formatBytes(bytes: number, digits = 3): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let power = 0;
  for (let left = bytes; left >= 1000 && power < units.length - 1; left /= 1000) power += 1;
  const size = [1, 1e3, 1e6, 1e9, 1e12][power] ?? 1;
  return `${Number((bytes / size).toPrecision(digits))} ${units[power] ?? ""}`;
}
