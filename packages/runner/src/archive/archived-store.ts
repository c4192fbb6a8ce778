import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf, recordOf, reportedOf, studyError, UNFINISHED, type TrialRecord } from "@sluice/study";
import type { FolderStore } from "../folder/folder-store.ts";
import { runFiles } from "../folder/files.ts";
import { archiveReader } from "./archive-file.ts";
import type { ArchivedTrial } from "./archived.ts";

/**
 * A store that also has the trials of its `trials.jsonl`. They are finished: none of them runs again, unless it failed
 * and is to be retried. It then gets a folder, which takes the place of its line.
 */
export function withArchived(store: FolderStore): FolderStore {
  const files = runFiles(store.folder);
  const archived = archiveReader(files.archived);
  const find = (id: string): ArchivedTrial | undefined => {
    const trial = archived().get(id);
    return trial === undefined || existsSync(join(files.trials, trial.folder)) ? undefined : trial;
  };
  return {
    ...store,
    ...readingOf(store, find),
    async identities(options) {
      const own = await store.identities(options);
      const known = new Set([...own.identities, ...(options?.known ?? [])].map(({ id }) => id));
      const further = [...archived().values()].filter(({ identity: { id } }) => !known.has(id));
      return { ...own, identities: [...own.identities, ...further.map(({ identity }) => identity)] };
    },
  };
}

type Reading = Pick<
  FolderStore,
  "readTrial" | "readCurves" | "readReduced" | "readRows" | "readFile" | "readEnvironment"
>;

function readingOf(store: FolderStore, find: (id: string) => ArchivedTrial | undefined): Reading {
  return {
    async readTrial(trial) {
      const found = find(trial.id);
      if (found === undefined) return store.readTrial(trial);
      const { reason: _, ...record } = recordOf(trial, store.folderOf(trial), UNFINISHED);
      return { ...record, ...reportedOf(found.result) };
    },
    async readCurves(record) {
      const found = find(record.id);
      return found === undefined ? store.readCurves(record) : { rows: [], series: found.series(), problems: [] };
    },
    async readReduced(record) {
      const found = find(record.id);
      if (found !== undefined) return { curves: found.curves(), series: found.series(), problems: [] };
      return (await store.readReduced?.(record)) ?? { curves: new Map(), series: [], problems: [] };
    },
    async readRows(record) {
      const found = find(record.id);
      // Rows that are equal to the archived ones are known by their hash.
      if (found !== undefined) return { hash: found.result.rests?.metrics.sha256 ?? null, rows: [], problems: [] };
      return (await store.readRows?.(record)) ?? { hash: null, rows: [], problems: [] };
    },
    async readFile(record, name) {
      if (find(record.id) === undefined) return store.readFile(record, name);
      throw studyError(`${record.folder}: "${name}" was not archived with this trial, only its hash`);
    },
    async readEnvironment(record) {
      const found = find(record.id);
      return found === undefined ? store.readEnvironment(record) : environmentOf(found, record);
    },
  };
}

function environmentOf(
  trial: ArchivedTrial,
  { folder }: TrialRecord,
): Awaited<ReturnType<FolderStore["readEnvironment"]>> {
  try {
    return { environment: trial.environment(), changes: null, problems: [] };
  } catch (error) {
    return { environment: null, changes: null, problems: [`${folder}: ${messageOf(error)}`] };
  }
}
