import type { Manifest } from "../manifest.ts";
import type { PlannedTrial } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { knownManifest } from "./known-manifest.ts";
import type { Store } from "./store.ts";
import { withEarlierSeeds } from "./stored.ts";

/** A trial of a run, and how it ended. */
export interface StoredTrial {
  readonly trial: PlannedTrial;
  readonly record: TrialRecord;
}

/** A run as a store has it. */
export interface StoredRun {
  readonly manifest: Manifest;
  /** Why the manifest was reconstructed from the trials; `null` if it was read. */
  readonly problem: string | null;
  /** All trials of the plan and of earlier seeds, also those that are not done. */
  readonly trials: readonly StoredTrial[];
  /** Trials with other code, data or settings in the same store. */
  readonly others: number;
  /** What could not be read, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Reads a run: what was planned, and how each trial ended. The curves are not read.
 *
 * @throws an error if the store has neither a manifest nor a trial.
 */
export async function readRun(store: Store): Promise<StoredRun> {
  const { manifest, problem } = await knownManifest(store);
  const { trials: found, others, problems } = await withEarlierSeeds(store, manifest.trials);
  const trials: StoredTrial[] = [];
  for (const trial of found) trials.push({ trial, record: await store.readTrial(trial) });
  return { manifest, problem, trials, others, problems: [...(problem === null ? [] : [problem]), ...problems] };
}
