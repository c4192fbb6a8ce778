import { existsSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import {
  identified,
  isAnnotated,
  messageOf,
  studyError,
  trialName,
  type Manifest,
  type PlannedTrial,
  type TrialRecord,
} from "@sluice/study";
import { projectRoot } from "../code/root.ts";
import { annotate, readAnnotations } from "../folder/annotations.ts";
import { runFiles, trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { readResult } from "../folder/read.ts";
import { readSealed, writeSealed } from "../folder/seal.ts";
import { makeFolder } from "../folder/write.ts";
import { archiveReader, writeArchive } from "./archive-file.ts";
import { archivedCurves } from "./archived-curves.ts";
import { archivedLine, readArchivedLine } from "./archived-trial.ts";
import type { ArchivedTrial } from "./archived.ts";

/** Options of {@link archiveRun}. */
export interface ArchiveOptions {
  /** Drops archived trials of other code. Default false: they are an error. */
  readonly replace?: boolean;
}

/** What {@link archiveRun} wrote. */
export interface ArchivedRun {
  readonly manifest: Manifest;
  /** All trials that the folder has now. */
  readonly trials: readonly ArchivedTrial[];
  /** Trials that are damaged and were left out, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Writes the finished trials of a run to another folder, as `study.json` and `trials.jsonl`: settings, results, hashes
 * of weights and rows, environments, series, and curves of 40 points. Rows, files and logs stay behind. Any command
 * reads the folder as a run. Trials that it has already stay, so a run can be archived as it grows, and an archive can
 * be written back to a runs folder, where the run then goes on.
 *
 * @throws an error if the folder has trials of another study, or of other code and `replace` is not given.
 */
export async function archiveRun(
  store: FolderStore,
  folder: string,
  { replace = false }: ArchiveOptions = {},
): Promise<ArchivedRun> {
  const manifest = await store.readManifest();
  const target = resolve(folder);
  if (target === store.folder) throw studyError(`archive: ${target} is the run itself; choose another folder`);
  const files = runFiles(target);
  const before = [...archiveReader(files.archived)().values()];
  const kept = before.filter((trial) => isOfRun(trial.identity, manifest));
  refuseLoss(before, { kept, manifest, replace, target });
  const trials = new Map(kept.map((trial) => [trial.identity.id, trial]));
  const problems: string[] = [];
  const own = archiveReader(runFiles(store.folder).archived)();
  const found = [...manifest.trials, ...(await store.identities()).identities].filter((one) => isOfRun(one, manifest));
  for (const trial of new Map(found.map((one) => [one.id, identified(one)])).values()) {
    const record = await store.readTrial(trial);
    const { status } = record;
    try {
      if (status === "done" || status === "failed" || status === "diverged")
        trials.set(trial.id, await archived(store, trial, { record, earlier: own.get(trial.id) }));
    } catch (error) {
      problems.push(`${trial.task} / ${trialName(trial)} was left out: ${messageOf(error)}`);
    }
  }
  makeFolder(target);
  writeArchive(files.archived, trials.values());
  writeSealed(files.manifest, "study", { ...manifest, module: moduleFrom(target, manifest.module) });
  const told = readAnnotations(store.folder);
  if (isAnnotated(told)) await annotate(target, () => told);
  return { manifest, trials: [...archiveReader(files.archived)().values()], problems };
}

/** Imported trials have no code. */
const isOfRun = (identity: ArchivedTrial["identity"], { name, code }: Manifest): boolean =>
  identity.study === name && (identity.code === code || identity.imported !== undefined);

function refuseLoss(
  before: readonly ArchivedTrial[],
  {
    kept,
    manifest,
    replace,
    target,
  }: {
    readonly kept: readonly ArchivedTrial[];
    readonly manifest: Manifest;
    readonly replace: boolean;
    readonly target: string;
  },
): void {
  const other = before.find(({ identity }) => identity.study !== manifest.name);
  if (other !== undefined)
    throw studyError(
      `archive: ${target} has trials of the study "${other.identity.study}", and the run is of "${manifest.name}"`,
    );
  const lost = before.length - kept.length;
  if (lost > 0 && !replace)
    throw studyError(
      `archive: ${lost} of the trials in ${target} ran with other code than this run. Drop them with --replace, or choose another folder`,
    );
}

/** The line of a trial: that of its archive, or one made from its folder. */
async function archived(
  store: FolderStore,
  trial: PlannedTrial,
  { record, earlier }: { readonly record: TrialRecord; readonly earlier: ArchivedTrial | undefined },
): Promise<ArchivedTrial> {
  const folder = store.folderOf(trial);
  if (earlier !== undefined && !existsSync(folder)) return earlier;
  const files = trialFiles(folder);
  const { curves, problems } = (await store.readReduced?.(record)) ?? { curves: new Map(), problems: [] };
  if (problems[0] !== undefined) throw studyError(problems[0]);
  const { stack: _, ...result } = readResult(folder, trial.id);
  const series = Object.keys(result.rests?.series ?? {}).sort();
  const { folder: name, ...config } = trial;
  const line = archivedLine({
    folder: name,
    config,
    environment: existsSync(files.environment) ? readSealed(files.environment, "environment").content : null,
    result,
    curves: archivedCurves(curves),
    series: Object.fromEntries(
      series.map((one) => [one, readSealed(join(files.artifacts, `${one}.json`), "series").content]),
    ),
  });
  return readArchivedLine(line, folder);
}

/** From the root of the checkout of the folder, if the module is there too: the checkout of another machine is elsewhere. */
function moduleFrom(folder: string, module: string | null): string | null {
  if (module === null) return null;
  const path = relative(projectRoot(module), module);
  const isThere = !isAbsolute(path) && existsSync(join(projectRoot(folder), path));
  return isThere ? path.split(sep).join("/") : module;
}
