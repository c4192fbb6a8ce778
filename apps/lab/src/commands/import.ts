import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { folderStore, prepareRun, type FolderStore } from "@sluice/runner";
import { importTrial, manifestOf, readRun, studyError, type StoredRun } from "@sluice/study";
import { count, listed } from "../arguments.ts";
import { planImport, type ImportPlan, type ImportSources } from "../import/import-plan.ts";
import { planDocument, planLines } from "../import/import-text.ts";
import { overMapping, pairsOf, partsOf, readMapping, type Mapping } from "../import/mapping.ts";
import { locateStudy } from "../locate.ts";
import { plural } from "../plural.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly as?: string;
  readonly curves?: readonly string[];
  readonly column?: readonly string[];
  readonly metric?: readonly string[];
  readonly setting?: readonly string[];
  readonly keep?: readonly string[];
  readonly weights?: string;
  readonly task?: string;
  readonly variant?: string;
  readonly seed?: number;
  readonly source?: string;
  readonly by?: string;
  readonly hardware?: string;
  readonly software?: string;
  readonly study?: string;
  readonly budget?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export const addImport: AddCommand = (program, terminal, ended) => {
  program
    .command("import")
    .description("take trials that ran elsewhere into a run, marked as imported: a folder per trial, or tables")
    .argument("<folder>", "the runs folder that they belong to, such as runs/digits/quick")
    .argument("<sources...>", "folders with config.json and metrics, or tables (.csv, .tsv, .jsonl, .parquet)")
    .option("--as <mapping.json>", "what the columns are; the options below win over it")
    .option("--variant <name>", "the variant of all trials: one of the run's, or a new one such as torch-gru")
    .option("--task <name>", "the task of all trials (default: the run's only one)")
    .option("--seed <n>", "the seed, of a single trial that does not say it", count)
    .option("--column <part=column>", "the column of variant, task, seed, fold, step, trial, status, ...", listed)
    .option("--metric <metric=column>", "the column of a metric of the run", listed)
    .option("--setting <setting=column>", "the column of a setting of the run", listed)
    .option("--curves <table>", "a table with a row per step, for trials of another table", listed)
    .option("--weights <name>", "the file with the weights, in each trial's folder")
    .option("--keep <name>", "another file to keep, in each trial's folder; * stands for any characters", listed)
    .option("--source <text>", "where they are from (default: the sources as given)")
    .option("--by <text>", "who ran them")
    .option("--hardware <text>", "what they ran on")
    .option("--software <text>", "what they ran with, such as PyTorch 2.9")
    .option("--study <study>", "make the runs folder for this study, if there is none")
    .option("--budget <name>", "with --study: one of its budgets")
    .option("--replace", "put them in the place of trials that were imported before")
    .option("--dry-run", "say what would be imported, and write nothing")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice import runs/digits/quick cluster/outputs --variant torch-gru --metric accuracy=val_acc --dry-run
  sluice import runs/digits/quick wandb.csv --as mapping.json --software "PyTorch 2.9"`,
    )
    .action(async (folder: string, sources: string[], flags: Flags) =>
      ended(await importTrials(folder, { sources, flags, terminal })),
    );
};

interface Given {
  readonly sources: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
}

async function importTrials(runs: string, { sources, flags, terminal }: Given): Promise<number> {
  const { folder, stdout } = terminal;
  const { as, json = false, dryRun = false, replace = false } = flags;
  const mapping = overMapping(as === undefined ? {} : readMapping(resolve(folder, as)), mappingOf(flags));
  const store = folderStore(resolve(folder, runs));
  const run = await runAt(store, flags, folder);
  const given: ImportSources = {
    sources,
    curves: flags.curves ?? [],
    mapping,
    mappingFile: as ?? "the options",
    folder,
    replace,
    date: new Date().toISOString(),
  };
  const plan = await planImport(run, given);
  const failed = plan.problems.length > 0;
  const fresh = plan.trials.filter(({ isThere }) => !isThere).length;
  const writes = !failed && !dryRun && fresh > 0;
  if (writes) await written(plan, { store, run, command: `sluice import ${[runs, ...sources].join(" ")}` });
  const lines = json
    ? [JSON.stringify(planDocument(plan, writes), null, 2)]
    : [
        ...planLines(plan, { manifest: run.manifest, width: widthOf(stdout) }),
        ...(failed ? [] : [endText(plan, { fresh, dryRun, runs })]),
      ];
  for (const line of lines) stdout.write(`${line}\n`);
  return failed ? EXIT.failed : EXIT.done;
}

function mappingOf(flags: Flags): Mapping {
  const { column, metric, setting, task, variant, seed, weights, keep, source, by, hardware, software } = flags;
  return {
    ...(column !== undefined && { columns: partsOf(column) }),
    ...(metric !== undefined && { metrics: pairsOf("--metric", metric) }),
    ...(setting !== undefined && { settings: pairsOf("--setting", setting) }),
    fixed: {
      ...(task !== undefined && { task }),
      ...(variant !== undefined && { variant }),
      ...(seed !== undefined && { seed }),
    },
    files: { ...(weights !== undefined && { weights }), ...(keep !== undefined && { keep: [...keep] }) },
    ...(source !== undefined && { source }),
    ...(by !== undefined && { by }),
    ...(hardware !== undefined && { hardware }),
    ...(software !== undefined && { software }),
  };
}

/** The run that trials are imported into; with `--study` what a run of it would plan. */
async function runAt(
  store: FolderStore,
  { study, budget }: Flags,
  folder: string,
): Promise<Pick<StoredRun, "manifest" | "trials">> {
  if (existsSync(join(store.folder, "study.json"))) {
    const run = await readRun(store);
    if (run.problem !== null) throw studyError(`import: ${run.problem}`, new Error("damaged"));
    return run;
  }
  if (study === undefined)
    throw studyError(
      `${store.folder}: no run is there; run the study first, or name it with --study, and the folder is made for it`,
    );
  const { module } = locateStudy(study, folder);
  const planned = await prepareRun({ module, out: store.folder, ...(budget !== undefined && { budget }) });
  return { manifest: manifestOf(planned), trials: [] };
}

interface Writing {
  readonly store: FolderStore;
  readonly run: Pick<StoredRun, "manifest" | "trials">;
  readonly command: string;
}

/** Writes the trials, one after another. Those that are written stay if the import is stopped; the rest can follow. */
async function written({ trials }: ImportPlan, { store, run: { manifest }, command }: Writing): Promise<void> {
  const lock = await store.lock();
  try {
    if (!existsSync(store.manifestPlace)) await store.writeManifest(manifest);
    const now = new Map((await readRun(store)).trials.map((one) => [one.trial.folder, one]));
    for (const { trial, given, isThere, replaces } of trials) {
      // Another import may have brought it meanwhile.
      if (isThere || now.get(trial.folder)?.record.status === "done") continue;
      if (replaces !== null) await store.makeWay(replaces.trial, "unreadable");
      await importTrial(store, trial, { given, metrics: manifest.metrics, command });
    }
  } finally {
    await lock.release();
  }
}

function endText(
  { trials }: ImportPlan,
  { fresh, dryRun, runs }: { readonly fresh: number; readonly dryRun: boolean; readonly runs: string },
): string {
  const before = trials.length - fresh;
  const there =
    before === 0 ? "" : ` ${plural(before, "trial")} of them ${before === 1 ? "was" : "were"} there already.`;
  if (trials.length === 0) return "There is no trial to import.";
  if (dryRun) return `${plural(fresh, "trial")} would be imported.${there} Nothing was written.`;
  if (fresh === 0)
    return `Nothing to import: ${before === 1 ? "the trial is" : `all ${before} trials are`} there already.`;
  return `${plural(fresh, "trial")} imported.${there} "sluice report ${runs}" builds the report with ${fresh === 1 ? "it" : "them"}.`;
}
