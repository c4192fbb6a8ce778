import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { sha256 } from "@sluice/formats";
import type { FolderStore } from "@sluice/runner/folder";
import { messageOf, readModel, readRun, studyError, type ReportModel, type Store, type StoredRun } from "@sluice/study";
import { csvLines } from "../export/csv.ts";
import { latexTable } from "../export/latex.ts";
import { writeParquet } from "../export/parquet.ts";
import { rowTable, trialTable } from "../export/trials.ts";
import { checklistText } from "./checklist.ts";
import { bundleCheckout } from "./checkout-code.ts";
import type { BundledCode } from "./code.ts";
import { computeOf } from "./compute.ts";
import type { BundleContents } from "./contents.ts";
import { bundleData } from "./data.ts";
import { bundleFigures } from "./figures.ts";
import { filesBelow } from "./files.ts";
import { bundleProject, usesCheckout } from "./project-code.ts";
import { readmeText, verifyText } from "./texts.ts";

/** Options of {@link writeBundle}. */
export interface BundleOptions {
  /** Leaves out the weights that trials keep. Their hashes stay. Default false. */
  readonly withoutWeights?: boolean;
  /** Includes files of data that stand among the code. Default false, because their licence may forbid it. */
  readonly withData?: boolean;
}

/**
 * Writes all that a reviewer asks for about a run into an empty folder: code, run, tables, figures, statistics, data
 * hashes, environments, costs, a checklist, and a script that runs the trials again.
 *
 * @throws an error if the code of the run is not there any more, or if the run cannot be read.
 */
export async function writeBundle(
  store: FolderStore,
  bundle: string,
  { withoutWeights = false, withData = false }: BundleOptions = {},
): Promise<BundleContents> {
  const run = await readRun(store);
  const { manifest } = run;
  if (manifest.remade === true) throw studyError(`bundle: ${run.problems[0] ?? "the run cannot be read"}`);
  const model = await readModel(store, null);
  const code = await codeOf(store, model, bundle);
  const weights = copyRun(store.folder, join(bundle, "run"), { withoutWeights });
  const data = await bundleData(manifest, bundle, { included: withData });
  const { figures, problems } = await bundleFigures(run, store, bundle);
  await writeTables(run, { store, model, bundle });
  const own = new Set(run.trials.map(({ trial }) => trial.id));
  const compute = await computeOf(store, own);
  const contents: BundleContents = {
    manifest,
    model,
    code,
    compute,
    data,
    hasChanges: existsSync(join(bundle, "uncommitted.diff")),
    weights,
    figures,
    problems: [...new Set([...run.problems, ...model.problems, ...problems])],
  };
  writeJson(bundle, "compute.json", compute);
  writeJson(bundle, "data.json", data);
  writeJson(bundle, "environment.json", model.environments);
  writeJson(bundle, "statistics.json", await statisticsOf(store, model));
  const { name: study, budget, code: identity } = manifest;
  writeJson(bundle, "bundle.json", { study, budget, identity, code, problems: contents.problems });
  writeFileSync(join(bundle, "README.md"), readmeText(contents));
  writeFileSync(join(bundle, "CHECKLIST.md"), checklistText(contents));
  writeFileSync(join(bundle, "verify.sh"), verifyText(contents));
  chmodSync(join(bundle, "verify.sh"), 0o755);
  writeSums(bundle);
  return contents;
}

async function codeOf(
  store: FolderStore,
  { manifest, environments, results }: ReportModel,
  bundle: string,
): Promise<BundledCode> {
  const { module } = manifest;
  if (module === null)
    throw studyError(`bundle: the study "${manifest.name}" did not come from a file, so there is no code to include`);
  const [first] = environments;
  if (first === undefined) throw studyError(`bundle: ${store.place}: ${nothingRan(results.trials)}`);
  const { environment, changes } = first;
  const state = { environment, changes: changes === null ? null : join(store.folder, changes) };
  return usesCheckout(module)
    ? await bundleCheckout(module, state, bundle)
    : bundleProject({ manifest, found: module, state }, bundle);
}

const nothingRan = (trials: ReportModel["results"]["trials"]): string =>
  trials.some(({ imported }) => imported !== undefined)
    ? 'all its trials were imported. Their code is not known here, so a bundle could not run them again. "sluice export" writes their numbers, and "sluice run" adds trials of your own'
    : 'no trial has run. Start it with "sluice run"';

/** Everything but checkpoints, which only unfinished trials need, and locks. Returns what was left out of weights. */
function copyRun(
  from: string,
  to: string,
  { withoutWeights }: { readonly withoutWeights: boolean },
): BundleContents["weights"] {
  const left = { files: 0, bytes: 0 };
  for (const file of filesBelow(from)) {
    const parts = relative(from, file).split(sep);
    if (parts.includes("checkpoints") || basename(file) === "lock.json") continue;
    if (withoutWeights && parts.at(-2) === "files" && file.endsWith(".safetensors")) {
      left.files += 1;
      left.bytes += statSync(file).size;
      continue;
    }
    const target = join(to, ...parts);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
  return left;
}

async function writeTables(
  run: StoredRun,
  { store, model, bundle }: { readonly store: Store; readonly model: ReportModel; readonly bundle: string },
): Promise<void> {
  const folder = join(bundle, "tables");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.tex"), latexTable(model));
  // Damage was reported by the model already.
  const tables = { trials: await trialTable(run, store), curves: rowTable(run, store, () => {}) };
  for (const [name, table] of Object.entries(tables)) {
    writeFileSync(join(folder, `${name}.csv`), "");
    for await (const lines of csvLines(table)) writeFileSync(join(folder, `${name}.csv`), lines, { flag: "a" });
    await writeParquet(join(folder, `${name}.parquet`), table);
  }
}

/** Means, intervals and claims, as the report has them. */
async function statisticsOf(store: Store, { claims }: ReportModel): Promise<object> {
  try {
    const document = await store.readDocument();
    const summary: unknown =
      typeof document === "object" && document !== null && "summary" in document ? document.summary : null;
    return { summary, claims };
  } catch (error) {
    throw studyError(`bundle: ${messageOf(error)}. Run "sluice report ${store.place}" first`, error);
  }
}

const writeJson = (bundle: string, name: string, content: object): void =>
  writeFileSync(join(bundle, name), `${JSON.stringify(content, null, 2)}\n`);

/** In the format of `sha256sum`. */
function writeSums(bundle: string): void {
  const lines = filesBelow(bundle).map(
    (file) => `${sha256(readFileSync(file))}  ${relative(bundle, file).split(sep).join("/")}\n`,
  );
  writeFileSync(join(bundle, "SHA256SUMS"), lines.join(""));
}
