import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { studyError, systemCode, type PlannedTrial, type TrialRecord } from "@sluice/study";
import { runFiles, trialFiles } from "./files.ts";
import type { FolderStore } from "./folder-store.ts";
import { takeLock } from "./lock.ts";
import { unpackTrial, type ParcelFile } from "./parcel.ts";
import { readIdentity, readTrial } from "./read.ts";
import { syncFolder, writeError } from "./write.ts";

/** A parcel on its way. */
export interface Arrival {
  readonly files: readonly ParcelFile[];
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * Takes the folder of a trial that ran elsewhere into a store. It is unpacked beside the trials, checked, and moved to
 * its place by a rename, so that readers see all of it or nothing. The first result stays: if the trial has one, what
 * arrives is thrown away.
 *
 * @returns the trial's record in the store.
 * @throws an error if the parcel is damaged or is that of another trial, or if the store cannot be written.
 */
export async function takeIn(store: FolderStore, trial: PlannedTrial, arrival: Arrival): Promise<TrialRecord> {
  const stage = newStage(store);
  try {
    const arrived = join(runFiles(stage).trials, trial.folder);
    await unpackTrial(arrived, arrival.files, arrival.pieces);
    // A process that died before it wrote the settings has left only a result, which names its trial.
    const id = existsSync(trialFiles(arrived).config) ? readIdentity(arrived).id : trial.id;
    if (id !== trial.id)
      throw studyError(
        `${trial.folder}: what arrived is the trial ${id.slice(0, 12)}, expected ${trial.id.slice(0, 12)}`,
      );
    const record = readTrial(stage, trial);
    if (record.status === "unreadable")
      throw studyError(`${trial.folder}: what arrived cannot be read: ${record.reason ?? ""}`);
    moveIn(arrived, store.folderOf(trial), join(stage, "before"));
    return await store.readTrial(trial);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** A folder on the file system of the trials. Those of a runner that was killed are in nobody's way, and are removed. */
function newStage({ folder }: FolderStore): string {
  const arriving = join(folder, "arriving");
  try {
    mkdirSync(arriving, { recursive: true });
    return mkdtempSync(join(arriving, "trial-"));
  } catch (error) {
    throw writeError(arriving, error);
  }
}

/** Removes what runners that were killed have left. Only the run that has the store's lock may call it. */
export function clearArrivals({ folder }: FolderStore): void {
  rmSync(join(folder, "arriving"), { recursive: true, force: true });
}

function moveIn(arrived: string, place: string, before: string): void {
  try {
    mkdirSync(dirname(place), { recursive: true });
    if (!existsSync(place)) {
      renameSync(arrived, place);
      syncFolder(dirname(place));
      return;
    }
  } catch (error) {
    // Another runner was first.
    if (!["ENOTEMPTY", "EEXIST"].includes(systemCode(error) ?? "")) throw writeError(place, error);
  }
  const attempt = takeLock(trialFiles(place).lock);
  if (attempt.lock === null) throw studyError(`${place}: ${attempt.holder}`);
  try {
    if (existsSync(trialFiles(place).result)) return;
    renameSync(place, before);
    renameSync(arrived, place);
    syncFolder(dirname(place));
  } catch (error) {
    throw writeError(place, error);
  } finally {
    attempt.lock.release();
  }
}
