import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { folderStore, loadStudy } from "@sluice/runner";
import { readModel, studyError, studyWith, type Environment, type ReportModel, type Study } from "@sluice/study";

/** The results of a study with a budget, as they are committed. */
export interface StudyResults {
  /** The folder below the results: `irregular-sequence/events/paper`. */
  readonly name: string;
  readonly folder: string;
  readonly study: Study;
  readonly model: ReportModel;
  /** The first environment of the trials by commit. */
  readonly commits: ReadonlyMap<string, Environment>;
}

/** The names of the archived runs below a folder, in order. */
export function archivedRuns(folder: string, name = ""): string[] {
  const place = join(folder, name);
  if (!existsSync(place)) return [];
  if (existsSync(join(place, "study.json"))) return [name];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .flatMap((entry) => archivedRuns(folder, name === "" ? entry : `${name}/${entry}`));
}

/**
 * Reads an archived run, with the claims of the study as it is now.
 *
 * @throws an error if the study cannot be loaded.
 */
export async function readResults(results: string, name: string): Promise<StudyResults> {
  const folder = join(results, name);
  const store = folderStore(folder);
  const { module, asked = {} } = await store.readManifest();
  if (module === null) throw studyError(`${folder}: its study did not come from a file`);
  const study = studyWith(await loadStudy(module), asked);
  const model = await readModel(store, study);
  const commits = new Map<string, Environment>();
  for (const record of model.results.trials) {
    const { environment } = await store.readEnvironment(record);
    const commit = environment?.git?.commit ?? null;
    if (environment !== null && commit !== null && !commits.has(commit)) commits.set(commit, environment);
  }
  return { name, folder, study, model, commits };
}
