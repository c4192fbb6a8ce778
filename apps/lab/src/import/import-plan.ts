import { statSync } from "node:fs";
import { resolve } from "node:path";
import {
  identityOfGiven,
  placeOf,
  strangeSettings,
  summaryOfGiven,
  trialName,
  type GivenTrial,
  type ImportedFrom,
  type ImportedTrial,
  type StoredRun,
  type StoredTrial,
} from "@sluice/study";
import { columnsOf, mappingProblems } from "./columns.ts";
import { folderTrials } from "./folder-trials.ts";
import { checkedTrial, type CheckedTrial } from "./given.ts";
import type { Mapping } from "./mapping.ts";
import { unreadable, type ImportProblem } from "./problem.ts";
import { isTable, TABLES } from "./read-table.ts";
import { tableTrials, type ReadTrials } from "./table-trials.ts";

/** A trial that an import takes, or has taken before. */
export interface TrialPlan {
  readonly trial: ImportedTrial;
  readonly given: GivenTrial;
  /** Whether the run has it already, with the same content. */
  readonly isThere: boolean;
  /** The imported trial that it replaces; `null` for none. */
  readonly replaces: StoredTrial | null;
  /** Its summary values. */
  readonly metrics: { readonly [metric: string]: number | null };
}

/** What an import would do. */
export interface ImportPlan {
  readonly trials: readonly TrialPlan[];
  readonly problems: readonly ImportProblem[];
  /** Variants that the run does not have yet. */
  readonly newVariants: readonly string[];
  /** Settings that the run does not have. They are kept. */
  readonly strange: readonly string[];
  /** Columns that say nothing, by file. */
  readonly unused: ReadonlyMap<string, readonly string[]>;
}

/** What is imported, and how it is read. */
export interface ImportSources {
  /** Folders and tables, as they were given. */
  readonly sources: readonly string[];
  /** Tables of curves. */
  readonly curves: readonly string[];
  readonly mapping: Mapping;
  /** Name of the mapping file, for messages. */
  readonly mappingFile: string;
  /** Where the names begin. */
  readonly folder: string;
  readonly replace: boolean;
  readonly date: string;
}

/** Reads everything and checks it against the run. Nothing is written. */
export async function planImport(
  run: Pick<StoredRun, "manifest" | "trials">,
  given: ImportSources,
): Promise<ImportPlan> {
  const { manifest } = run;
  const { mapping, mappingFile } = given;
  const wrong = mappingProblems(mapping, manifest, mappingFile);
  const { drafts, misnamed, problems: found, unused } = await readSources(manifest, given);
  const nothing = { trials: [], newVariants: [], strange: [], unused: new Map<string, readonly string[]>() };
  // What every line lacks because of a wrong name is said once.
  if (wrong.length + misnamed.length > 0) return { ...nothing, problems: [...wrong, ...misnamed] };
  const problems: ImportProblem[] = [...found];
  const checked = drafts.flatMap((draft) => checkedTrial(draft, { mapping, manifest, problems }) ?? []);
  const from = fromOf(mapping, given.sources);
  const trials = checked.flatMap((one) => planOf(one, { run, given, from, problems }) ?? []);
  refuseTwins(checked, problems);
  const own = new Set(manifest.variants);
  return {
    trials,
    problems: problems.toSorted((a, b) =>
      a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : a.file < b.file ? -1 : 1,
    ),
    newVariants: [...new Set(checked.map(({ given: { variant } }) => variant))].filter((name) => !own.has(name)),
    strange: [...new Set(checked.flatMap(({ given: { config } }) => strangeSettings(manifest, config)))],
    unused,
  };
}

async function readSources(
  manifest: StoredRun["manifest"],
  { sources, curves, mapping, folder }: ImportSources,
): Promise<ReadTrials> {
  const columns = columnsOf(mapping, manifest);
  const parts: ReadTrials[] = [];
  const tables: string[] = [];
  for (const source of sources) {
    const kind = kindOf(source, folder);
    if (kind === "table") tables.push(source);
    else parts.push(await folderTrials(resolve(folder, source), { columns, mapping, manifest, from: folder }));
  }
  if (tables.length > 0) parts.push(await tableTrials({ tables, curves }, { columns, folder }));
  else if (curves.length > 0)
    throw unreadable({ file: curves[0] ?? "", line: null, column: null }, "--curves needs a table of trials");
  return {
    drafts: parts.flatMap(({ drafts }) => drafts),
    misnamed: parts.flatMap(({ misnamed }) => misnamed),
    problems: parts.flatMap(({ problems }) => problems),
    unused: new Map(parts.flatMap(({ unused }) => [...unused])),
  };
}

function kindOf(source: string, folder: string): "folder" | "table" {
  const place = { file: source, line: null, column: null };
  const stat = statSync(resolve(folder, source), { throwIfNoEntry: false });
  if (stat === undefined) throw unreadable(place, "no such file or folder");
  if (stat.isDirectory()) return "folder";
  if (isTable(source)) return "table";
  throw unreadable(
    place,
    `neither a folder nor a table; expected a folder per trial, or a file that ends in ${TABLES}`,
  );
}

function fromOf({ source, by, hardware, software, commit }: Mapping, sources: readonly string[]): ImportedFrom {
  return {
    source: source ?? sources.join(", "),
    by: by ?? null,
    hardware: hardware ?? null,
    software: software ?? null,
    commit: commit ?? null,
  };
}

interface Planning {
  readonly run: Pick<StoredRun, "manifest" | "trials">;
  readonly given: ImportSources;
  readonly from: ImportedFrom;
  readonly problems: ImportProblem[];
}

/** `null`, and a problem, if the run has another trial in its place. */
function planOf({ given: trial, place }: CheckedTrial, { run, given, from, problems }: Planning): TrialPlan | null {
  const { manifest } = run;
  const imported = identityOfGiven(manifest.name, trial, { from, date: given.date });
  const metrics = summaryOfGiven(trial, manifest.metrics);
  const holder = run.trials.find(({ trial: own }) => placeOf(own) === placeOf(imported));
  const plan = { trial: imported, given: trial, metrics, isThere: false, replaces: null };
  if (holder === undefined || holder.record.status === "waiting") return plan;
  if (holder.trial.id === imported.id) return { ...plan, isThere: holder.record.status !== "interrupted" };
  if (given.replace && holder.trial.imported !== undefined) return { ...plan, replaces: holder };
  const name = `${imported.task}, ${trialName(imported)}`;
  const what =
    holder.trial.imported === undefined
      ? `the run has a trial of its own for ${name}; import this one under another name of its variant`
      : `${name} was imported before with other content, from ${holder.trial.imported.source}; replace it with --replace`;
  problems.push({ ...place, what });
  return null;
}

/** A place can have only one trial, and a curve belongs to only one trial. */
function refuseTwins(checked: readonly CheckedTrial[], problems: ImportProblem[]): void {
  const places = new Map<string, CheckedTrial>();
  const curves = new Map<string, CheckedTrial>();
  for (const one of checked) {
    const { given } = one;
    const key = placeOf(given);
    const text = ({ place: { file, line } }: CheckedTrial): string =>
      line === null ? file : `line ${line} of ${file}`;
    const twin = places.get(key);
    if (twin !== undefined)
      problems.push({
        ...one.place,
        what: `${given.task}, ${trialName(given)} is given a second time; ${text(twin)} has it too`,
      });
    places.set(key, one);
    const curve = given.rows.length < 10 ? null : JSON.stringify(given.rows);
    const copy = curve === null ? undefined : curves.get(curve);
    if (copy !== undefined)
      problems.push({
        ...one.place,
        what: `its curves are those of ${text(copy)} to the last digit, so one of them is a copy`,
      });
    if (curve !== null) curves.set(curve, one);
  }
}
