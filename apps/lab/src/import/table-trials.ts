import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { sha256 } from "@sluice/formats";
import { textOf } from "./cells.ts";
import { isUsed, missingColumns, settingIn, type Columns } from "./columns.ts";
import { addRow, metricsIn, newDraft, tellParts, type Draft } from "./draft.ts";
import { fileOf } from "./kept.ts";
import { unreadable, type ImportProblem, type Place } from "./problem.ts";
import { readTable, type TableLine } from "./read-table.ts";

/** Trials as they were read. */
export interface ReadTrials {
  readonly drafts: readonly Draft[];
  /** Columns that the mapping names and that are not there. */
  readonly misnamed: readonly ImportProblem[];
  readonly problems: readonly ImportProblem[];
  /** Columns that say nothing, by the file that has them. */
  readonly unused: ReadonlyMap<string, readonly string[]>;
}

interface TableFiles {
  /** A row per trial, or per trial and step. */
  readonly tables: readonly string[];
  /** Curves of the trials in `tables`: a row per trial and step. */
  readonly curves: readonly string[];
}

/**
 * Reads trials from tables. A table with a column of steps has a row per trial and step; any other has a row per
 * trial. Rows belong to one trial if they have the same trial column or, without one, the same task, variant, seed and
 * fold.
 */
export async function tableTrials(
  { tables, curves }: TableFiles,
  { columns, folder }: { readonly columns: Columns; readonly folder: string },
): Promise<ReadTrials> {
  const problems: ImportProblem[] = [];
  const drafts = new Map<string, Draft>();
  const headings = new Map<string, Set<string>>();
  for (const [file, isCurve] of [
    ...tables.map((one) => [one, false] as const),
    ...curves.map((one) => [one, true] as const),
  ]) {
    const path = resolve(folder, file);
    const own = new Set<string>();
    headings.set(file, own);
    const touched = new Set<Draft>();
    for await (const line of readTable(path, file)) {
      for (const column of line.cells.keys()) own.add(column);
      const draft = await takeLine(line, { file, path, columns, drafts, isCurve, problems });
      if (draft !== null) touched.add(draft);
    }
    refuseChart(own, { file, line: 1, column: null });
    const hash = await hashOf(path);
    for (const draft of touched) draft.read = { ...draft.read, [basename(file)]: hash };
  }
  const all = new Set([...headings.values()].flatMap((own) => [...own]));
  const isLeft = (column: string): boolean => !isUsed(columns, column) && settingIn(columns, column) === undefined;
  const unused = [...headings].map(([file, own]) => [file, [...own].filter(isLeft)] as const);
  const misnamed = missingColumns(columns, all, tables.join(", "));
  return { drafts: [...drafts.values()], misnamed, problems, unused: new Map(unused) };
}

/** The export of a chart has a column per run, each with its lowest and highest value, and no configuration. */
function refuseChart(headings: ReadonlySet<string>, place: Place): void {
  const [lowest] = [...headings].filter((column) => column.endsWith("__MIN"));
  if (lowest === undefined || !headings.has(lowest.replace("__MIN", "__MAX"))) return;
  throw unreadable(
    { ...place, column: lowest },
    "this is the export of a chart, with a column per run; expected a row per trial, or per trial and step. " +
      "Export the table of runs, and give the curves of all runs, a row per run and step, with --curves",
  );
}

interface Taking {
  readonly file: string;
  readonly path: string;
  readonly columns: Columns;
  readonly drafts: Map<string, Draft>;
  readonly isCurve: boolean;
  readonly problems: ImportProblem[];
}

/** Adds a line to its trial. `null` if it belongs to none. */
async function takeLine({ line, cells }: TableLine, taking: Taking): Promise<Draft | null> {
  const { file, path, columns, drafts, isCurve, problems } = taking;
  const place = { file, line, column: null };
  const reading = { columns, place, problems };
  const key = keyOf(cells, columns);
  const isStep = isCurve || columns.parts.step.some((name) => cells.has(name));
  const found = drafts.get(key);
  if (found === undefined && isCurve) {
    problems.push({ ...place, what: `it belongs to no trial of the table: ${keyText(key)}` });
    return null;
  }
  if (found !== undefined && !isStep) {
    const where = `line ${found.place.line ?? "?"} of ${found.place.file}`;
    const what = `a second row of the trial in ${where}. If rows are steps, name the column of steps: --column step=NAME`;
    problems.push({ ...place, what });
    return null;
  }
  const draft = found ?? newDraft(place);
  drafts.set(key, draft);
  tellParts(draft, cells, reading);
  if (isStep) addRow(draft, cells, reading);
  else for (const [metric, told] of metricsIn(cells, reading)) draft.finals.set(metric, told);
  const weights = draft.parts.get("weights");
  if (weights !== undefined && draft.weights === undefined) {
    const kept = fileOf(resolve(dirname(path), textOf(weights.value)), weights.place, problems);
    if (kept !== null) draft.files.push(kept);
    draft.weights = kept?.name;
  }
  return draft;
}

/** What rows of one trial have in common. */
function keyOf(cells: ReadonlyMap<string, unknown>, { parts }: Columns): string {
  const cell = (part: keyof Columns["parts"]): string => {
    const column = parts[part].find((name) => cells.has(name));
    return column === undefined ? "" : textOf(cells.get(column));
  };
  if (parts.trial.length > 0) return JSON.stringify([cell("trial")]);
  return JSON.stringify([cell("task"), cell("variant"), cell("seed"), cell("fold")]);
}

function keyText(key: string): string {
  const parts: readonly string[] = JSON.parse(key);
  return parts.filter((part) => part !== "").join(", ") || "it does not say which";
}

/** Of a table of any size. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest("hex");
}

/** Of a small file. */
export const hashOfFile = (path: string): string => sha256(readFileSync(path));
