import { folderStore } from "@sluice/runner/folder";
import {
  identified,
  readRun,
  type Environment,
  type Manifest,
  type PlannedTrial,
  type Store,
  type TrialRecord,
} from "@sluice/study";
import type { FoundRun } from "../run-folders/find-runs.ts";

/** What the index keeps of a trial that was read. Where it is may change with the folder of all runs. */
export interface KnownTrial {
  readonly record: Omit<TrialRecord, "folder">;
  readonly environment: Environment | null;
}

/** A trial, as the index shows it. */
export interface IndexedTrial extends KnownTrial {
  readonly trial: PlannedTrial;
  /** Whether it is among those that the report shows, other than tuning trials. */
  readonly isReported: boolean;
}

/** A run, as the index shows it. */
export interface IndexedRun {
  readonly manifest: Manifest;
  readonly trials: readonly IndexedTrial[];
  readonly problem: string | null;
}

/**
 * Reads a run for the index. Trials that are `known` are not read again; everything else about the run is as `readRun`
 * has it.
 *
 * @throws an error if neither its manifest nor a trial can be read.
 */
export async function readIndexed({ folder }: FoundRun, known: ReadonlyMap<string, KnownTrial>): Promise<IndexedRun> {
  const store = folderStore(folder);
  const remembered = remembering(store, known);
  const { manifest, problems, trials: reported } = await readRun(remembered);
  const shown = new Map(reported.map(({ trial, record }) => [trial.id, { trial, record }]));
  for (const identity of (await remembered.identities()).identities)
    if (!shown.has(identity.id)) {
      const trial = identified(identity);
      shown.set(trial.id, { trial, record: await remembered.readTrial(trial) });
    }
  const own = new Set(reported.map(({ trial }) => trial.id));
  const trials: IndexedTrial[] = [];
  for (const { trial, record } of shown.values()) {
    const { folder: _, ...rest } = record;
    const environment =
      record.status === "waiting"
        ? null
        : (known.get(trial.folder)?.environment ?? (await store.readEnvironment(record)).environment);
    trials.push({ trial, record: rest, environment, isReported: own.has(trial.id) && trial.tuning === undefined });
  }
  return { manifest, trials, problem: problems.length === 0 ? null : problems.join("\n") };
}

/** The store, with trials that are known, and identities that are read once. */
function remembering(store: ReturnType<typeof folderStore>, known: ReadonlyMap<string, KnownTrial>): Store {
  let identities: ReturnType<Store["identities"]> | null = null;
  return {
    ...store,
    identities: () => (identities ??= store.identities()),
    readTrial: async (trial) => {
      const record = known.get(trial.folder)?.record;
      return record?.id === trial.id ? { ...record, folder: store.folderOf(trial) } : store.readTrial(trial);
    },
  };
}
