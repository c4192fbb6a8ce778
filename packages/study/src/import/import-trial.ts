import type { Environment } from "../environment.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTrial } from "../plan.ts";
import { summarise, type TrialResult } from "../run/result.ts";
import type { Store } from "../run/store.ts";
import type { GivenTrial } from "./given-trial.ts";
import type { Imported, ImportedTrial } from "./imported.ts";

/**
 * Writes a trial that ran elsewhere into a store, in the form of all trials. An import that was cut off before begins
 * again.
 *
 * @throws an error if another session has the trial, or if the store cannot be written.
 */
export async function importTrial(
  store: Store,
  trial: ImportedTrial,
  { given, metrics, command }: { readonly given: GivenTrial; readonly command: string } & Pick<Manifest, "metrics">,
): Promise<void> {
  const environment = environmentOf(trial.imported, command);
  const { signal } = new AbortController();
  const session = await store.openTrial(trial, { environment, changes: "", signal });
  try {
    session.log(`imported from ${trial.imported.source}`);
    for (const row of given.rows) session.metric(row);
    for (const file of given.files) await session.file(file.name, await file.read());
    await session.flush();
    await session.finish(resultOf(trial, given, metrics));
  } finally {
    await session.close();
  }
}

/** The summary values of a trial that ran elsewhere: those that are given, or else from its curves. */
export const summaryOfGiven = (
  { rows, metrics: given }: Pick<GivenTrial, "rows" | "metrics">,
  metrics: Manifest["metrics"],
): { readonly [metric: string]: number | null } => summarise(metrics, rows, { metrics: given }).values;

function environmentOf({ software, hardware, commit, source }: Imported, command: string): Environment {
  return {
    runtime: software ?? "not known",
    engine: null,
    os: null,
    cpu: hardware,
    cores: null,
    memoryGiB: null,
    threads: null,
    git:
      commit === null
        ? null
        : { commit, branch: null, uncommitted: null, lost: `whether anything was uncommitted, at ${source}` },
    command,
  };
}

function resultOf({ id }: PlannedTrial, given: GivenTrial, metrics: Manifest["metrics"]): TrialResult {
  const { values, notFinite } = summarise(metrics, given.rows, { metrics: given.metrics });
  const { parameters, seconds, finished, weights, files } = given;
  const hashes = Object.fromEntries(files.map((file) => [file.name, file.sha256]));
  const trained = weights === undefined ? undefined : hashes[weights];
  return {
    trial: id,
    ...ending(given, notFinite),
    metrics: values,
    ...(trained !== undefined && { weights: trained }),
    ...(parameters !== undefined && { parameters }),
    ...(files.length > 0 && { files: hashes }),
    timings: { ...(seconds !== undefined && { seconds }), ...(finished !== undefined && { finished }) },
  };
}

function ending(
  { status, reason }: GivenTrial,
  notFinite: ReturnType<typeof summarise>["notFinite"],
): Pick<TrialResult, "status" | "reason" | "diverged"> {
  if (status !== "done") return { status, reason: reason ?? `${status}, as its source says` };
  if (notFinite === null) return { status };
  const { step, tensor } = notFinite;
  return { status: "diverged", reason: `step ${step}: ${tensor} is not finite`, diverged: notFinite };
}
