import type { Fold } from "./folds.ts";
import type { Json } from "./json.ts";
import type { Signal } from "./signal.ts";

/** Named settings of a trial: plain JSON values. */
export type Settings = { readonly [name: string]: Json };

/** One line of `metrics.jsonl`: numbers by name at a step. */
export interface MetricRow {
  /** Optimizer steps taken so far; the horizontal axis of the curves. */
  readonly step: number;
  readonly [metric: string]: number;
}

/** What the live table shows. Only `step` and `steps` are required; the time left follows from them. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  /** Any headline number; shown with the label of the first metric. */
  readonly accuracy?: number;
  readonly gradientNorm?: number;
  readonly examplesPerSecond?: number;
}

export interface Axis {
  readonly label: string;
  readonly unit?: string;
  /** Logarithmic axis; values that are not above zero are left out of the figure. */
  readonly log?: boolean;
}

/** Arrays for a figure: some lines over one horizontal axis. The report compares the variants line by line. */
export interface Series {
  readonly title: string;
  readonly x: Axis & { readonly values: ArrayLike<number> };
  readonly y: Axis;
  /** Lines by name, each as long as `x.values`; for example "start of training" and "end of training". */
  readonly lines: { readonly [name: string]: ArrayLike<number> };
}

/** The last checkpoint, as given to `checkpoint`. */
export interface Restored {
  readonly step: number;
  readonly bytes: Uint8Array;
  readonly state: Json;
}

/** What a trial can tell when it ends. */
export interface TrialOutcome {
  /** Summary values; they go before those read off the curves. `null` says: not reached. */
  readonly metrics?: { readonly [metric: string]: number | null };
  /** SHA-256 of the trained weights. */
  readonly weights?: string;
  /** Seconds by what they were spent on. */
  readonly timings?: { readonly [name: string]: number };
}

/** Everything a trial function is given. */
export interface TrialContext<S extends Settings = Settings> {
  readonly study: string;
  readonly task: string;
  readonly variant: string;
  /** Which of the study's seeds this is, as printed in tables. */
  readonly seedIndex: number;
  /**
   * Key for every random draw of the trial, 0 to 2^32 - 1, derived from the study's name and `seedIndex`; the same for
   * all variants and tasks.
   */
  readonly seed: number;
  /** Which part of the data this trial is tested on; `null` in a study without folds. */
  readonly fold: Fold | null;
  /** The study's settings, then the task's, the variant's and the budget's laid over them. */
  readonly config: Readonly<S>;
  /** How many threads to use. Never part of a trial's identity: results may not depend on it. */
  readonly threads: number;
  /** Folder given by `--data`, or `null`: where data sets that are not installed as packages are looked for. */
  readonly dataFolder: string | null;
  /**
   * Aborted on Ctrl-C. Write a checkpoint, then `signal.throwIfAborted()`; after about five seconds the process is
   * ended.
   */
  readonly signal: Signal;
  /** The last checkpoint of an interrupted run of this trial, or `null`. Metrics after it were cut off. */
  readonly restored: Restored | null;
  /** Adds a line to `log.txt`. */
  log(text: string): void;
  /**
   * Adds a row to `metrics.jsonl`; kept in memory and written in the background. Give no times: a resumed run must
   * write the same bytes.
   */
  metric(row: MetricRow): void;
  /**
   * Writes `artifacts/<name>.json`. Lines given earlier under the same name stay, so start and end of training can be
   * two calls.
   */
  series(name: string, series: Series): void;
  /** Writes a checkpoint: after it, a resumed trial starts from here. The last one is kept. */
  checkpoint(step: number, bytes: Uint8Array, state?: Json): Promise<void>;
  /** Reports to the live table and lets signals in. Cheap to call at every step; await it. */
  progress(progress: Progress): Promise<void>;
  /** Ends the trial as diverged, with the step and the first tensor that went bad. */
  diverged(where: { readonly step: number; readonly tensor: string }): never;
}
