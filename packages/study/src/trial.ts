import type { Axis } from "@sluice/figures";
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

/** What the live table shows. Only `step` and `steps` are required; the remaining time is computed from them. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  /** Any headline number, shown with the label of the first metric. */
  readonly accuracy?: number;
  readonly gradientNorm?: number;
  readonly examplesPerSecond?: number;
}

/** Data for a figure: lines over a common horizontal axis. The report compares the variants line by line. */
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

/** What a trial may return. */
export interface TrialOutcome {
  /** Summary values; they take precedence over those computed from the curves. `null` means: not reached. */
  readonly metrics?: { readonly [metric: string]: number | null };
  /** SHA-256 of the trained weights. */
  readonly weights?: string;
  /** Why the same trial may give other bits on another machine. The report says it. Absent if it gives the same ones. */
  readonly varies?: string;
  /** The number of trained parameters. */
  readonly parameters?: number;
  /** Seconds by what they were spent on. */
  readonly timings?: { readonly [name: string]: number };
}

/** The safetensors files of a trial's last weights and, if it selected any, its best weights. */
export const weightFiles = { last: "last.safetensors", best: "best.safetensors" } as const;

/** The argument of a trial function. */
export interface TrialContext<S extends Settings = Settings> {
  readonly study: string;
  readonly task: string;
  readonly variant: string;
  /** The seed, as printed in tables. */
  readonly seedIndex: number;
  /**
   * The seed for all random numbers of the trial, 0 to 2^32 - 1. It is derived from the study's name and `seedIndex`,
   * and is the same for all variants and tasks. Tuning trials have other seeds than all others, except in a study with
   * folds: there a tuning trial has the seed of the trial whose fold it tunes, and so its division of the data.
   */
  readonly seed: number;
  /** The fold that this trial is tested on; `null` for a study without folds. */
  readonly fold: Fold | null;
  /**
   * Whether the trial tunes settings. It must not look at test data then, and has failed if it reports a metric whose
   * split is "test".
   */
  readonly tuning: boolean;
  /** The study's settings, overridden by those of the task, the variant and the budget. */
  readonly config: Readonly<S>;
  /** How many threads to use. This is not part of a trial's identity: results must not depend on it. */
  readonly threads: number;
  /** Folder given by `--data`, or `null`: where to find data sets that are not npm packages. */
  readonly dataFolder: string | null;
  /**
   * Aborted on Ctrl-C. Write a checkpoint, then call `signal.throwIfAborted()`. After about five seconds the process is
   * killed.
   */
  readonly signal: Signal;
  /** The last checkpoint of an interrupted run of this trial, or `null`. Metrics after it were cut off. */
  readonly restored: Restored | null;
  /** Adds a line to `log.txt`. */
  log(text: string): void;
  /**
   * Adds a row to `metrics.jsonl`. It is kept in memory and written in the background. Do not include times: a resumed
   * run must write the same bytes.
   */
  metric(row: MetricRow): void;
  /**
   * Writes `artifacts/<name>.json`. Lines given earlier under the same name are kept, so you can write start and end of
   * training in two calls.
   */
  series(name: string, series: Series): void;
  /**
   * Keeps a file with the trial, such as its weights, as `files/<name>`. It is part of the result, which holds its
   * SHA-256. Each name can be written only once; values that change while the trial runs belong in a checkpoint. A
   * trial that resumes from a checkpoint loses files written after it.
   */
  file(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes a checkpoint. A resumed trial starts from the last one. */
  checkpoint(step: number, bytes: Uint8Array, state?: Json): Promise<void>;
  /** Updates the live table and handles signals. It is cheap enough to call in every step; await it. */
  progress(progress: Progress): Promise<void>;
  /** Ends the trial as diverged, with the step and the first tensor that is not finite. */
  diverged(where: { readonly step: number; readonly tensor: string }): never;
}
