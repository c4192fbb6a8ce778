import { setTimeout as wait } from "node:timers/promises";
import type { PlannedTrial } from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { freeLock } from "../folder/lock.ts";
import { removeBatch, storedBatches, writeJob, type Batch } from "./batch.ts";
import type { SlurmCommands } from "./commands.ts";
import { hasEnded } from "./job-state.ts";
import { readLive } from "./live.ts";
import type { JobQueue } from "./queue.ts";
import { isFinal } from "./result.ts";
import { elementName, type Element } from "./submit.ts";

/** What finding earlier jobs needs. */
export interface Looking {
  readonly store: FolderStore;
  readonly commands: Pick<SlurmCommands, "find">;
  readonly queue: JobQueue;
}

/**
 * The jobs of earlier runners that still wait or run, by the ids of their trials. The arrays that are over are removed,
 * and so are the locks that their jobs have left.
 */
export async function earlierElements(
  trials: readonly PlannedTrial[],
  looking: Looking,
): Promise<ReadonlyMap<string, Element>> {
  const asked = new Map(trials.map((trial) => [trial.id, trial]));
  const alive = new Map<string, Element>();
  for (const { folder, batch, job: noted } of storedBatches(looking.store.folder).found) {
    // A runner that died while it submitted the array could not note its number.
    const job = noted ?? (await looking.commands.find(batch.name));
    if (job !== null && noted === null) writeJob(folder, job);
    const elements = job === null ? [] : await livingElements(folder, job, batch, looking);
    for (const { id, element } of elements) if (asked.has(id)) alive.set(id, element);
    if (elements.length === 0) removeBatch(folder);
  }
  return alive;
}

async function livingElements(
  folder: string,
  job: string,
  batch: Batch,
  { queue, store }: Looking,
): Promise<{ readonly id: string; readonly element: Element }[]> {
  const living: { id: string; element: Element }[] = [];
  for (const [index, trial] of batch.trials.entries()) {
    const element = { job, index, folder };
    if (await isFinal(trial, store)) continue;
    if (await isAlive(element, queue)) living.push({ id: trial.id, element });
    else {
      const files = trialFiles(store.folderOf(trial));
      const left = readLive(files.live, elementName(element));
      if (left !== null) freeLock(files.lock, left.process);
    }
  }
  return living;
}

/** Whether an element waits or runs. One that is being ended has a moment to end. */
async function isAlive({ job, index }: Element, queue: JobQueue): Promise<boolean> {
  for (;;) {
    const seen = await queue.stateOf(job, index, 2000);
    if (seen === null || hasEnded(seen.state)) return false;
    if (seen.state !== "COMPLETING" && seen.state !== "UNKNOWN") return true;
    await wait(500);
  }
}
