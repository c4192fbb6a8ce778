import type { Annotations } from "../annotations.ts";
import type { Environment } from "../environment.ts";
import type { Json } from "../json.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTrial, TrialIdentity } from "../plan.ts";
import type { Curves } from "../report/curves.ts";
import type { ResultsDocument } from "../report/document.ts";
import type { FileHashes, StoredSeries, TrialRecord, TrialStatus } from "../results.ts";
import type { Signal } from "../signal.ts";
import type { MetricRow, Restored, Series } from "../trial.ts";
import type { TrialResult } from "./result.ts";

/**
 * Where the trials of a study are stored: a folder (`folderStore` of `@sluice/runner`), this process's memory
 * (`memoryStore`), or anything else that keeps these promises.
 *
 * - What a call has written is there once its promise resolves, even after a crash.
 * - What is read is what was written. Damage is an error or is listed among the problems; it never appears as other
 *   numbers.
 * - One run at a time, and one session of a trial at a time.
 *
 * If a write fails for lack of space or permission, it throws a {@link storeError}. The trial is then "interrupted" and
 * can continue from its last checkpoint later.
 */
export interface Store {
  /** Its location, for users: a path, or "memory". */
  readonly place: string;
  /** The location of the manifest, once there is one, for users. */
  readonly manifestPlace: string;
  /** The location of the report, once there is one, for users. */
  readonly reportPlace: string;
  /**
   * Locks the store for a run.
   *
   * @throws an error that says who holds the lock.
   */
  lock(): Promise<StoreLock>;
  /** Writes the manifest of a run. */
  writeManifest(manifest: Manifest): Promise<void>;
  /** @throws an error that says what is wrong with it, and how to continue. */
  readManifest(): Promise<Manifest>;
  /**
   * The identities of all trials in the store, including those of other code, data or settings. Trials that the caller
   * knows already may be left out; it is then not necessary to read them.
   */
  identities(options?: { readonly known?: readonly PlannedTrial[] }): Promise<StoredIdentities>;
  /** The status of a trial; "waiting" if nothing is known about it. If its result is damaged, it is "unreadable". */
  readTrial(trial: PlannedTrial): Promise<TrialRecord>;
  /**
   * Rows and series of a trial: those that its result is based on or, without a result, those of its last checkpoint.
   */
  readCurves(record: TrialRecord): Promise<TrialCurves>;
  /**
   * As `readCurves`, with the curves that the report draws instead of the rows. A store may keep these, so that it need
   * not make them from very many rows. It checks all the same that the rows are those that the result is based on.
   */
  readReduced?(record: TrialRecord): Promise<ReducedTrial>;
  /** As `readCurves`, with rows that are read as far as they are asked for. */
  readRows?(record: TrialRecord): Promise<TrialRows>;
  /**
   * A file that a trial's result holds the hash of.
   *
   * @throws an error where there is none of the name, or where its content is not what was written.
   */
  readFile(record: TrialRecord, name: string): Promise<Uint8Array>;
  /** Where a trial ran. */
  readEnvironment(record: TrialRecord): Promise<StoredEnvironment>;
  /**
   * Makes a trial that has a result ready to run again: from its checkpoint or, if it is diverged or unreadable, from
   * the start, with its old files kept aside. Does nothing for other trials. Returns a record if this is not possible.
   */
  makeWay(trial: PlannedTrial, status: TrialStatus): Promise<TrialRecord | null>;
  /**
   * Opens a trial to run it, at the start or at its last checkpoint.
   *
   * @throws an error if another session has it.
   */
  openTrial(trial: PlannedTrial, options: OpenOptions): Promise<TrialSession>;
  /** Writes how a trial ended, if the trial could not do this itself. An existing result stays. */
  conclude(trial: PlannedTrial, result: TrialResult): Promise<void>;
  /** Writes the report and its document. */
  writeReport(report: { readonly page: string; readonly document: ResultsDocument }): Promise<void>;
  /**
   * The document of the last report, not validated.
   *
   * @throws an error if there is none.
   */
  readDocument(): Promise<unknown>;
  /**
   * The tags and notes of a trial, or of the run (`null`). Left out by a store that has none.
   *
   * @throws an error if they are damaged.
   */
  readAnnotations?(record: TrialRecord | null): Promise<Annotations>;
}

/** The lock of a store, held by a run. */
export interface StoreLock {
  /** `null` as long as it is held, otherwise why it is lost. */
  lost(): string | null;
  /** Releases the lock. */
  release(): Promise<void>;
}

/** The identities of the trials in a store. */
export interface StoredIdentities {
  readonly identities: readonly (TrialIdentity & { readonly id: string })[];
  /** What cannot be read, with the name of the trial's folder. */
  readonly problems: readonly { readonly folder: string; readonly what: string }[];
}

/** Rows and series of a trial, as read from the store. */
export interface TrialCurves {
  readonly rows: readonly MetricRow[];
  readonly series: readonly StoredSeries[];
  /** What is damaged, with the reason. */
  readonly problems: readonly string[];
}

/** What the report draws of a trial, as read from the store. */
export interface ReducedTrial {
  readonly curves: Curves;
  readonly series: readonly StoredSeries[];
  /** What is damaged, with the reason. */
  readonly problems: readonly string[];
}

/** The rows of a trial, one after the other. */
export interface TrialRows {
  /** Equal for rows that are equal to the bit; `null` if there are none. */
  readonly hash: string | null;
  readonly rows: Iterable<MetricRow>;
  /** What is damaged, with the reason. */
  readonly problems: readonly string[];
}

/** Where a trial ran, as read from the store. */
export interface StoredEnvironment {
  /** The environment of the first session; `null` if it is not known. */
  readonly environment: Environment | null;
  /** Where the uncommitted changes are, relative to the report; `null` if there are none. */
  readonly changes: string | null;
  readonly problems: readonly string[];
}

/** Options for opening a trial in a store. */
export interface OpenOptions {
  /** Where the trial runs. */
  readonly environment: Environment;
  /** Text of the uncommitted changes; "" if there are none. */
  readonly changes: string;
  /** Aborted if the trial should stop. It is then useless to wait for another session to end. */
  readonly signal: Signal;
}

/** A trial that is being run. Calls that return no promise keep their arguments until the next call that does. */
export interface TrialSession {
  /**
   * The last complete checkpoint, with the seconds of work up to it. Rows, series and files after it are cut off.
   */
  readonly restored: (Restored & { readonly seconds: number }) | null;
  /** Adds a line to the trial's log. */
  log(text: string): void;
  /** @throws an error for a row with values that are not numbers. */
  metric(row: MetricRow): void;
  /** Lines with a name that was given before are replaced; others stay. */
  series(name: string, series: Series): void;
  /** Keeps a file. @throws an error for a name that was used before, and for a name that is a path. */
  file(name: string, bytes: Uint8Array): Promise<void>;
  /** SHA-256 of the files that are kept, by name. */
  files(): FileHashes;
  /** Writes a checkpoint together with the rows, series and files so far. The last checkpoint is kept. */
  checkpoint(checkpoint: Restored & { readonly state: Json; readonly seconds: number }): Promise<void>;
  /** Waits until all rows are written. */
  flush(): Promise<void>;
  /** All rows of the trial that have been written. */
  rows(): Promise<readonly MetricRow[]>;
  /** Writes the result; only `close` may be called after it. */
  finish(result: TrialResult): Promise<void>;
  /** Releases the trial, finished or not. */
  close(): Promise<void>;
}
