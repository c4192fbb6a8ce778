import type { Environment, PlannedTrial, Progress, Stop } from "@sluice/study";
import type { ProcessName } from "../folder/process.ts";

/** How long a trial may take to write a checkpoint after it was asked to stop. */
export const GRACE_MS = 5000;

/** What the process of a trial needs to run it. */
interface ChildStart {
  /** Path of the study's module. */
  readonly module: string;
  /** The runs folder. */
  readonly out: string;
  readonly trial: PlannedTrial;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
}

/** From the runner to the process of a trial. */
export type ToTrial =
  | { readonly kind: "start"; readonly start: ChildStart; readonly runner: ProcessName }
  | { readonly kind: "stop"; readonly stop: Stop };

/**
 * From the process of a trial to the runner. How the trial ended is in `result.json`; this only updates the live table.
 */
export type FromTrial =
  | { readonly kind: "resumed"; readonly step: number }
  | { readonly kind: "progress"; readonly progress: Progress }
  /** It wrote no result: the disk failed, or another process is using the folder. */
  | ({ readonly kind: "broken" } & Stop);
