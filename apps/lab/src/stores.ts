import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { folderStore, type FolderStore } from "@sluice/runner/folder";
import { studyError } from "@sluice/study";

/** The store of a runs folder. Throws if there is no such folder. */
export function storeAt(given: string, folder: string): FolderStore {
  const runs = resolve(folder, given);
  if (!existsSync(runs))
    throw studyError(`${runs}: no such runs folder; "sluice run <study>" creates runs/<study>/<budget>`);
  return folderStore(runs);
}
