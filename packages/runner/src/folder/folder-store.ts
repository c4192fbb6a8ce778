import { existsSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  messageOf,
  recordOf,
  studyError,
  type PlannedTrial,
  type Store,
  type TrialRecord,
  type TrialResult,
  type TrialStatus,
} from "@sluice/study";
import { withArchived } from "../archive/archived-store.ts";
import { readAnnotations } from "./annotations.ts";
import { readEnvironment } from "./environment.ts";
import { runFiles, trialFiles } from "./files.ts";
import { BEAT_MS, takeLock } from "./lock.ts";
import { readFileOf, readManifest, readTrial, storedIdentities } from "./read.ts";
import { readCurves, readReduced, readRows } from "./read-curves.ts";
import { readSealed, writeSealed } from "./seal.ts";
import { openFolder } from "./session.ts";
import { makeFolder, removeDrafts, writeAtomically, writeError } from "./write.ts";

/** A store in a folder. */
export interface FolderStore extends Store {
  /** Its path. */
  readonly folder: string;
  /** Path of the folder of a trial. */
  folderOf(trial: PlannedTrial): string;
}

/**
 * Keeps a study in a folder, which is created if necessary: a folder per trial in `trials/`, `study.json`,
 * `report.html` and `results.json`. Trials without a folder may stand in `trials.jsonl`, see {@link archiveRun}.
 * Everything is checked when it is read, and damage is reported.
 */
export function folderStore(path: string): FolderStore {
  const folder = resolve(path);
  const files = runFiles(folder);
  const folderOf = (trial: PlannedTrial): string => join(files.trials, trial.folder);
  return withArchived({
    folder,
    place: folder,
    manifestPlace: files.manifest,
    reportPlace: files.report,
    folderOf,
    lock: async () => lockFolder(folder),
    writeManifest: async (manifest) => void writeSealed(files.manifest, "study", manifest),
    readManifest: async () => readManifest(folder),
    identities: async (options) => storedIdentities(folder, options?.known),
    readTrial: async (trial) => readTrial(folder, trial),
    readCurves: async (record) => readCurves(record),
    readReduced: async (record) => readReduced(record),
    readRows: async (record) => readRows(record),
    readFile: async (record, name) => readFileOf(record, name),
    readEnvironment: async (record) => readEnvironment(record.folder, record.id),
    makeWay: async (trial, status) => makeWay(trial, folderOf(trial), status),
    openTrial: (trial, options) => {
      const own = folderOf(trial);
      makeTrialFolder(own);
      return openFolder(own, trial, options);
    },
    conclude: async (trial, result) => conclude(folderOf(trial), result),
    async writeReport({ page, document }) {
      writeAtomically(files.report, page);
      writeSealed(files.results, "results", document);
    },
    readAnnotations: async (record) => readAnnotations(record?.folder ?? folder),
    readDocument: async () => readSealed(files.results, "results").content,
  });
}

/** Creates the folder of a trial. */
export function makeTrialFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw writeError(folder, error);
  }
}

async function lockFolder(folder: string): Promise<ReturnType<Store["lock"]> extends Promise<infer L> ? L : never> {
  const files = runFiles(folder);
  makeTrialFolder(files.trials);
  const attempt = takeLock(files.lock);
  if (attempt.lock === null) throw studyError(`${folder}: ${attempt.holder}. Wait for it, or choose another --out`);
  const { lock } = attempt;
  // `sluice report` and `sluice tag` write here too, without the lock of a run.
  removeDrafts(folder, (name) => name.startsWith("study.json."));
  const beat = setInterval(() => lock.beat(), BEAT_MS);
  return {
    lost: () =>
      lock.isHeld()
        ? null
        : `${lock.path}: another process took over the lock, because this one was silent for too long`,
    async release() {
      clearInterval(beat);
      lock.release();
    },
  };
}

/** Writes a result for a trial whose process died without one, unless another process is using the folder. */
function conclude(folder: string, result: TrialResult): void {
  const files = trialFiles(folder);
  if (existsSync(files.result)) return;
  const attempt = takeLock(files.lock);
  if (attempt.lock === null) throw studyError(`${folder}: ${attempt.holder}`);
  try {
    writeSealed(files.result, "result", { ...result, rests: null });
  } finally {
    attempt.lock.release();
  }
}

/**
 * Prepares a folder so that its trial can run (again), depending on its status. Files are kept or moved aside, except
 * an obsolete result. Returns a record if this is not possible: the process of an earlier run is still using the
 * folder, or the disk fails.
 */
function makeWay(trial: PlannedTrial, folder: string, status: TrialStatus): TrialRecord | null {
  if (!existsSync(folder)) return null;
  const files = trialFiles(folder);
  // Without a result there is nothing to remove, and the trial itself waits for the lock.
  if (!existsSync(files.result)) return null;
  try {
    const attempt = takeLock(files.lock);
    if (attempt.lock === null)
      return recordOf(trial, folder, { status: "failed", reason: `${folder}: ${attempt.holder}` });
    try {
      if (status === "unreadable" || status === "diverged") {
        // From its checkpoint a diverged trial would diverge again, so it starts from the beginning.
        let n = 1;
        while (existsSync(`${folder}.aside-${n}`)) n += 1;
        renameSync(folder, `${folder}.aside-${n}`);
        rmSync(join(`${folder}.aside-${n}`, "lock.json"), { force: true });
      } else rmSync(files.result, { force: true });
    } finally {
      attempt.lock.release();
    }
  } catch (error) {
    return recordOf(trial, folder, { status: "interrupted", reason: messageOf(writeError(folder, error)) });
  }
  return null;
}
