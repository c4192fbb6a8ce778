import type { Environment } from "../environment.ts";
import type { PlannedTrial } from "../plan.ts";
import type { ProcessName } from "../store/process.ts";
import type { Progress } from "../trial.ts";

/** How long a trial that is told to stop may take to write a checkpoint. */
export const GRACE_MS = 5000;

/** What the process of a trial is told to do. */
export interface TrialStart {
  readonly modulePath: string;
  readonly folder: string;
  readonly trial: PlannedTrial;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** The uncommitted changes. */
  readonly diff: string;
}

/** Why a trial is told to stop: it can go on another time, or it counts as failed. */
export interface Stop {
  readonly status: "interrupted" | "failed";
  readonly reason: string;
}

/** From the runner to the process of a trial. */
export type ToTrial =
  | { readonly kind: "start"; readonly start: TrialStart; readonly runner: ProcessName }
  | { readonly kind: "stop"; readonly stop: Stop };

/** From the process of a trial to the runner. How it ended stands in `result.json`; this only moves the live table. */
export type FromTrial =
  | { readonly kind: "resumed"; readonly step: number }
  | { readonly kind: "progress"; readonly progress: Progress }
  /** It wrote no result: the disk failed, or another process is at work in the folder. */
  | ({ readonly kind: "broken" } & Stop);
