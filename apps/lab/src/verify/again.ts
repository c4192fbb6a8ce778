import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { sha256 } from "@sluice/formats";
import { prepareRun, type PreparedRun } from "@sluice/runner";
import { canonicalJson, identified, studyError, type Manifest, type PlannedTrial } from "@sluice/study";
import { studiesBelow } from "../locate.ts";
import { plural } from "../plural.ts";

/** How trials are run again. */
export interface Repetition {
  /** The folder of the command. */
  readonly folder: string;
  /** An empty folder for the new run. */
  readonly scratch: string;
  readonly study?: string;
  readonly data?: string;
  readonly threads?: number;
  readonly jobs?: number;
}

/** A run of the same trials with the present code and data, in an empty folder. */
export async function repetition(
  manifest: Manifest,
  done: readonly PlannedTrial[],
  { scratch, folder, study, data: dataFolder, threads, jobs }: Repetition,
): Promise<PreparedRun> {
  const { budget, asked, tuning } = manifest;
  const module = moduleOf(manifest, { folder, study });
  const planned = await prepareRun({
    module,
    budget,
    out: scratch,
    seeds: [...new Set(done.map(({ seed }) => seed))],
    ...(asked === undefined ? {} : { asked }),
    ...(threads === undefined ? {} : { threads }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(dataFolder === undefined ? {} : { dataFolder: resolve(folder, dataFolder) }),
  });
  if (tuning !== undefined) {
    // The study does not say with which settings the trials of a sweep ran, so they are taken from the run.
    const { code, data } = planned;
    return { ...planned, trials: done.map((trial) => identified({ ...trial, code: code.hash, data })) };
  }
  const wanted = new Set(done.map(placeOf));
  const trials = planned.trials.filter((trial) => wanted.has(placeOf(trial)));
  if (trials.length < done.length)
    throw studyError(
      `the study in ${module} has no longer ${plural(done.length - trials.length, "trial")} of this run ` +
        "with the same settings; use the commit that the report names",
    );
  return { ...planned, trials };
}

function moduleOf(
  { module, name }: Manifest,
  { folder, study }: { readonly folder: string; readonly study: string | undefined },
): string {
  if (study !== undefined) return resolve(folder, study);
  if (module === null) throw studyError(`the study "${name}" did not come from a file, so it cannot be run again`);
  if (existsSync(module)) return module;
  // The run may be of another machine, whose folders have other names.
  const alike = studiesBelow(folder).filter((found) => found.name.split("/").at(-1) === name);
  const hint = alike.map((found) => ` It may be ${found.module}.`).join("");
  throw studyError(
    `the module of the study, ${module}, is not on this machine. Give it with --study <path of ${basename(module)}>.${hint}`,
  );
}

/** Settings belong to it: a study whose settings were edited since has other trials. */
const placeOf = ({ task, variant, seed, fold, config }: PlannedTrial): string =>
  canonicalJson([task, variant, seed, fold ?? null, config]);

/** A draw without replacement that depends on the trials and the number of the draw alone. */
export function drawn(
  trials: readonly PlannedTrial[],
  { trials: count = trials.length, draw = 1 }: { readonly trials?: number; readonly draw?: number },
): readonly PlannedTrial[] {
  const lots = trials.map((trial) => ({ trial, lot: sha256(`draw ${draw} of ${trial.id}`) }));
  const chosen = new Set(
    lots
      .toSorted((a, b) => (a.lot < b.lot ? -1 : 1))
      .slice(0, count)
      .map(({ trial }) => trial),
  );
  return trials.filter((trial) => chosen.has(trial));
}
