import { existsSync, readdirSync } from "node:fs";
import type { PlannedTrial } from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";

/** Whether a trial has a result that no job changes any more. An interrupted one may be started again by Slurm. */
export async function isFinal(trial: PlannedTrial, store: FolderStore): Promise<boolean> {
  if (!hasResult(trial, store)) return false;
  const { status } = await store.readTrial(trial);
  return status === "done" || status === "failed" || status === "diverged";
}

/** Whether a trial has a result, which may be that it was interrupted. */
export function hasResult(trial: PlannedTrial, store: FolderStore): boolean {
  const folder = store.folderOf(trial);
  try {
    // Looking into the folder makes a shared file system ask for the news.
    readdirSync(folder);
  } catch {
    return false;
  }
  return existsSync(trialFiles(folder).result);
}
