import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { messageOf, usualSettings, weightFiles, type Manifest } from "@sluice/study";
import { flattened, settingOf } from "./cells.ts";
import { isUsed, missingColumns, type Columns } from "./columns.ts";
import { addRow, metricsIn, newDraft, tellParts, type Draft } from "./draft.ts";
import { fileOf } from "./kept.ts";
import type { Mapping } from "./mapping.ts";
import { unreadable, type ImportProblem } from "./problem.ts";
import { readTable, withoutNaN } from "./read-table.ts";
import { hashOfFile, type ReadTrials } from "./table-trials.ts";

/** What the files of a trial are called if the mapping does not say. The first one that exists counts. */
const USUAL = {
  config: ["config.json", "params.json", "hparams.json"],
  metrics: ["metrics.csv", "metrics.jsonl", "metrics.parquet", "history.csv", "history.jsonl", "progress.csv"],
  final: ["final.json", "summary.json", "wandb-summary.json"],
} as const;

interface FolderOptions {
  readonly columns: Columns;
  readonly mapping: Mapping;
  readonly manifest: Manifest;
  /** Where names of files begin. */
  readonly from: string;
}

/** Reads a trial from every folder below `place` that has a configuration, or from `place` itself. */
export async function folderTrials(place: string, options: FolderOptions): Promise<ReadTrials> {
  const { columns, mapping, from } = options;
  const folders = trialFolders(place, mapping);
  if (folders.length === 0) {
    const names = mapping.files?.config ?? USUAL.config.join(" or ");
    throw unreadable(
      { file: place, line: null, column: null },
      `no trial is in it: expected a folder per trial, each with its configuration in ${names}`,
    );
  }
  const problems: ImportProblem[] = [];
  const headings = new Set<string>();
  const unused = new Set<string>();
  const drafts: Draft[] = [];
  for (const folder of folders) {
    const { draft, found, curve } = await folderTrial(folder, options, problems);
    drafts.push(draft);
    for (const column of found) headings.add(column);
    for (const column of curve) if (!isUsed(columns, column)) unused.add(column);
  }
  const name = relative(from, place) || ".";
  return {
    drafts,
    misnamed: missingColumns(columns, headings, name),
    problems,
    unused: new Map(unused.size === 0 ? [] : [[name, [...unused]]]),
  };
}

function trialFolders(place: string, mapping: Mapping, depth = 0): string[] {
  if (existing(place, mapping.files?.config, USUAL.config) !== null) return [place];
  if (depth > 4) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
    .map((entry) => entry.name)
    .sort()
    .flatMap((name) => trialFolders(join(place, name), mapping, depth + 1));
}

function existing(folder: string, given: string | undefined, usual: readonly string[]): string | null {
  const name = (given === undefined ? usual : [given]).find((one) => existsSync(join(folder, one)));
  return name === undefined ? null : join(folder, name);
}

interface FoundTrial {
  readonly draft: Draft;
  /** Names that its files have. */
  readonly found: ReadonlySet<string>;
  /** Columns of its curves and members of its summary. */
  readonly curve: ReadonlySet<string>;
}

async function folderTrial(folder: string, options: FolderOptions, problems: ImportProblem[]): Promise<FoundTrial> {
  const { columns, mapping, manifest, from } = options;
  const nameOf = (path: string): string => relative(from, path) || ".";
  const config = existing(folder, mapping.files?.config, USUAL.config) ?? join(folder, "config.json");
  const place = { file: nameOf(config), line: null, column: null };
  const draft = newDraft(place);
  const cells = objectIn(config, nameOf(config));
  const found = new Set(cells.keys());
  tellParts(draft, cells, { columns, place, problems });
  // All else in a configuration is a setting too, of the run or of its own.
  const usual = usualSettings(manifest);
  for (const [column, cell] of cells)
    if (!isUsed(columns, column))
      draft.settings.set(column, { value: settingOf(cell, usual.get(column)), place: { ...place, column } });
  const read: { [file: string]: string } = { [basename(config)]: hashOfFile(config) };
  const curve = new Set<string>();
  const metrics = existing(folder, mapping.files?.metrics, USUAL.metrics);
  if (metrics !== null) {
    for await (const line of readTable(metrics, nameOf(metrics))) {
      for (const column of line.cells.keys()) curve.add(column);
      addRow(draft, line.cells, { columns, place: { file: nameOf(metrics), line: line.line, column: null }, problems });
    }
    read[basename(metrics)] = hashOfFile(metrics);
  }
  const final = existing(folder, mapping.files?.final, USUAL.final);
  if (final !== null) {
    const own = objectIn(final, nameOf(final));
    for (const column of own.keys()) curve.add(column);
    const reading = { columns, place: { file: nameOf(final), line: null, column: null }, problems };
    tellParts(draft, own, reading);
    for (const [metric, told] of metricsIn(own, reading)) draft.finals.set(metric, told);
    read[basename(final)] = hashOfFile(final);
  }
  for (const [what, given, path] of [
    ["metrics", mapping.files?.metrics, metrics],
    ["final", mapping.files?.final, final],
  ] as const)
    if (given !== undefined && path === null)
      problems.push({ ...place, what: `there is no file ${given} beside it, which the mapping names for ${what}` });
  draft.read = read;
  keepFiles(draft, folder, { mapping, place, problems });
  return { draft, found: new Set([...found, ...curve]), curve };
}

function objectIn(path: string, name: string): ReadonlyMap<string, unknown> {
  const place = { file: name, line: null, column: null };
  let value: unknown;
  try {
    value = JSON.parse(withoutNaN(readFileSync(path, "utf8").replace(/^\uFEFF/, "")));
  } catch (error) {
    throw unreadable(place, `not JSON: ${messageOf(error)}`, error);
  }
  const cells = flattened(value);
  if (cells === null) throw unreadable(place, "expected an object with a member per setting");
  return cells;
}

interface Keeping {
  readonly mapping: Mapping;
  readonly place: Draft["place"];
  readonly problems: ImportProblem[];
}

/** Weights and other files that the mapping names. Without it, weights under the names that trials here give them. */
function keepFiles(draft: Draft, folder: string, { mapping, place, problems }: Keeping): void {
  const { weights, keep = [] } = mapping.files ?? {};
  const present = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  const own = [weightFiles.best, weightFiles.last].filter((name) => present.includes(name));
  const chosen = weights ?? own[0];
  const names = new Set(weights === undefined ? own : [weights]);
  for (const pattern of keep) {
    const matching = present.filter((name) => matches(name, pattern));
    if (matching.length === 0)
      problems.push({ ...place, what: `there is no file "${pattern}" beside it, which the mapping keeps` });
    for (const name of matching) names.add(name);
  }
  for (const name of names) {
    const kept = fileOf(join(folder, name), place, problems);
    if (kept === null) continue;
    draft.files.push(kept);
    if (name === chosen) draft.weights = kept.name;
  }
}

/** `*` stands for any characters. */
const matches = (name: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
  ).test(name);
