import { canonicalJson } from "../json.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTrial } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { knownManifest } from "./known-manifest.ts";
import type { Store } from "./store.ts";
import { importedTrials, withEarlierSeeds } from "./stored.ts";

/** A trial of a run, and how it ended. */
export interface StoredTrial {
  readonly trial: PlannedTrial;
  readonly record: TrialRecord;
}

/** A run as a store has it. */
export interface StoredRun {
  /** With the variants of imported trials. */
  readonly manifest: Manifest;
  /** Why the manifest was reconstructed from the trials; `null` if it was read. */
  readonly problem: string | null;
  /** All trials of the plan, of earlier seeds and imported ones, also those that are not done. */
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
  const own: StoredTrial[] = [];
  for (const trial of found) own.push({ trial, record: await store.readTrial(trial) });
  const { trials, leftOut } = withImported(own, await storedImports(store, manifest), manifest.tasks);
  return {
    manifest: {
      ...manifest,
      variants: [...new Set([...manifest.variants, ...trials.map(({ trial }) => trial.variant)])],
    },
    problem,
    trials,
    others: others + leftOut.length,
    problems: [...(problem === null ? [] : [problem]), ...problems, ...leftOut],
  };
}

async function storedImports(store: Store, { name, trials }: Manifest): Promise<readonly StoredTrial[]> {
  const imports: StoredTrial[] = [];
  for (const trial of await importedTrials(store, { study: name, planned: trials })) {
    const record = await store.readTrial(trial);
    const cutOff = { ...record, reason: "its import was cut off; import it again" };
    imports.push({ trial, record: record.status === "interrupted" ? cutOff : record });
  }
  return imports;
}

/**
 * An imported trial stands for a planned one of the same place that has not been started. If that one was started, the
 * run has a trial of its own, and the imported one is left out, so that no seed counts twice.
 */
function withImported(
  own: readonly StoredTrial[],
  imports: readonly StoredTrial[],
  tasks: readonly string[],
): { readonly trials: readonly StoredTrial[]; readonly leftOut: readonly string[] } {
  const started = new Set(own.filter(({ record }) => record.status !== "waiting").map(({ trial }) => placeOf(trial)));
  const whyNot = ({ trial }: StoredTrial): string | null =>
    !tasks.includes(trial.task)
      ? `the run has no task "${trial.task}"`
      : started.has(placeOf(trial))
        ? "the run has a trial of its own in its place"
        : null;
  const used = imports.filter((trial) => whyNot(trial) === null);
  const leftOut = imports.flatMap((trial) => {
    const why = whyNot(trial);
    return why === null ? [] : [`${trial.record.folder}: this imported trial is left out: ${why}`];
  });
  const taken = new Set(used.map(({ trial }) => placeOf(trial)));
  const rest = own.filter(({ trial, record }) => record.status !== "waiting" || !taken.has(placeOf(trial)));
  return { trials: [...rest, ...used], leftOut };
}

/** What only one trial of a run may have: its task, variant, seed and fold. */
export const placeOf = ({
  task,
  variant,
  seed,
  fold,
  tuning,
}: Pick<PlannedTrial, "task" | "variant" | "seed" | "fold" | "tuning">): string =>
  canonicalJson([task, variant, seed, fold?.index ?? null, tuning ?? null]);
