import { readFileSync, statSync } from "node:fs";
import { writeAtomically } from "../folder/write.ts";
import { readArchivedLine } from "./archived-trial.ts";
import type { ArchivedTrial } from "./archived.ts";

/** The trials of a `trials.jsonl` by id, in the order of the lines. A missing file has none. */
export type ArchivedTrials = ReadonlyMap<string, ArchivedTrial>;

const NONE: ArchivedTrials = new Map();

/** Reads the file when it is asked for, and again if it has changed. */
export function archiveReader(path: string): () => ArchivedTrials {
  let read = { version: "", trials: NONE };
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return NONE;
    const version = `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    if (read.version !== version) read = { version, trials: readArchive(path) };
    return read.trials;
  };
}

/** @throws an error that names the line, if one is damaged. */
function readArchive(path: string): ArchivedTrials {
  const trials = new Map<string, ArchivedTrial>();
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line === "") continue;
    const trial = readArchivedLine(line, `${path}, line ${index + 1}`);
    trials.set(trial.identity.id, trial);
  }
  return trials;
}

/** Writes trials in the order of their folders' names, so that the same trials are the same bytes. */
export function writeArchive(path: string, trials: Iterable<Pick<ArchivedTrial, "folder" | "text">>): void {
  const sorted = [...trials].sort((a, b) => (a.folder < b.folder ? -1 : 1));
  writeAtomically(path, sorted.map(({ text }) => `${text}\n`).join(""));
}
