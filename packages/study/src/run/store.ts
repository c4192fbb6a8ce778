import type { Environment } from "../environment.ts";
import type { Json } from "../json.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTrial, TrialIdentity } from "../plan.ts";
import type { ResultsDocument } from "../report/document.ts";
import type { StoredSeries, TrialRecord, TrialStatus } from "../results.ts";
import type { Signal } from "../signal.ts";
import type { MetricRow, Restored, Series } from "../trial.ts";
import type { TrialResult } from "./result.ts";

/**
 * Where the trials of a study are left and read again: a folder (`folderStore` of `@sluice/runner`), this process's
 * memory (`memoryStore`), or anything else that keeps these promises.
 *
 * - What a call has written is there when its promise is resolved, also after a crash.
 * - What is read is what was written. What is damaged is an error, or is named among the problems; never other numbers.
 * - One run at a time, and one session of a trial at a time.
 *
 * A write that fails for want of space or of permission throws a {@link storeError}: the trial is then "interrupted",
 * and goes on from its last checkpoint another time.
 */
export interface Store {
  /** Where it is, for people: a path, or "memory". */
  readonly place: string;
  /** Where the manifest is, once there is one, for people. */
  readonly manifestPlace: string;
  /** Where the report is, once there is one, for people. */
  readonly reportPlace: string;
  /**
   * Takes the store for a run.
   *
   * @throws an error that says who has it.
   */
  lock(): Promise<StoreLock>;
  writeManifest(manifest: Manifest): Promise<void>;
  /** @throws an error that says what is wrong with it, and how to go on. */
  readManifest(): Promise<Manifest>;
  /** What the trials that are in the store are, those of other code, data or settings among them. */
  identities(): Promise<StoredIdentities>;
  /** How a trial stands; "waiting" where nothing is known of it. A result that is damaged makes it "unreadable". */
  readTrial(trial: PlannedTrial): Promise<TrialRecord>;
  /** Rows and series of a trial: those that its result rests on; of one without, those of its last checkpoint. */
  readCurves(record: TrialRecord): Promise<TrialCurves>;
  /** Where a trial ran. */
  readEnvironment(record: TrialRecord): Promise<StoredEnvironment>;
  /**
   * Makes a trial that has a result ready to run again: from its checkpoint, or, where it is diverged or unreadable,
   * anew, with what was there kept aside. Does nothing to others. Gives a record where that cannot be done.
   */
  makeWay(trial: PlannedTrial, status: TrialStatus): Promise<TrialRecord | null>;
  /**
   * Opens a trial for the one that runs it, at the start or at its last checkpoint.
   *
   * @throws an error if another session has it.
   */
  openTrial(trial: PlannedTrial, options: OpenOptions): Promise<TrialSession>;
  /** Writes how a trial ended that could not do so itself. Where it has a result, that stays. */
  conclude(trial: PlannedTrial, result: TrialResult): Promise<void>;
  writeReport(report: { readonly page: string; readonly document: ResultsDocument }): Promise<void>;
  /**
   * The document of the last report, unchecked.
   *
   * @throws an error where there is none.
   */
  readDocument(): Promise<unknown>;
}

/** A store, while a run has it. */
export interface StoreLock {
  /** `null` as long as it is held, else why it no longer is. */
  lost(): string | null;
  release(): Promise<void>;
}

export interface StoredIdentities {
  readonly identities: readonly (TrialIdentity & { readonly id: string })[];
  /** What cannot be read, and the name of the trial's folder. */
  readonly problems: readonly { readonly folder: string; readonly what: string }[];
}

export interface TrialCurves {
  readonly rows: readonly MetricRow[];
  readonly series: readonly StoredSeries[];
  /** What is not what was written, with the reason. */
  readonly problems: readonly string[];
}

export interface StoredEnvironment {
  /** That of the first session; `null` where it is not known. */
  readonly environment: Environment | null;
  /** Where the uncommitted changes lie, from the report; `null` where there are none. */
  readonly changes: string | null;
  readonly problems: readonly string[];
}

export interface OpenOptions {
  readonly environment: Environment;
  /** Text of the uncommitted changes; "" for none. */
  readonly changes: string;
  /** Aborted where the trial is to stop: then there is no use in waiting for another session to end. */
  readonly signal: Signal;
}

/** A trial that is being run. Calls that give no promise keep what they are given until the next one that does. */
export interface TrialSession {
  /** The last checkpoint that is whole, with the seconds of work up to it. Rows and series after it are cut off. */
  readonly restored: (Restored & { readonly seconds: number }) | null;
  /** Adds a line to the trial's log. */
  log(text: string): void;
  /** @throws an error for a row that holds anything but numbers. */
  metric(row: MetricRow): void;
  /** Lines of a name that was given before are replaced, others stay. */
  series(name: string, series: Series): void;
  /** Writes a checkpoint with the rows and series so far. The last one is kept. */
  checkpoint(checkpoint: Restored & { readonly state: Json; readonly seconds: number }): Promise<void>;
  /** Waits until all rows are written. */
  flush(): Promise<void>;
  /** All rows of the trial that are written. */
  rows(): Promise<readonly MetricRow[]>;
  /** Writes the result; the last call but `close`. */
  finish(result: TrialResult): Promise<void>;
  /** Lets go of the trial, finished or not. */
  close(): Promise<void>;
}
