import { sha256 } from "@sluice/formats";
import type { Annotations } from "@sluice/study";
import type { TableValue } from "../export/table.ts";
import { settingsByPath } from "../export/settings-by-path.ts";
import type { IndexedRun, IndexedTrial } from "./read-indexed.ts";
import type { Database } from "./sqlite.ts";
import { tables } from "./schema.ts";

type Value = string | number | bigint | null;

/** Writes the rows of a run in the place of those that it had. Curves stay as long as their trial does. */
export function writeRun(database: Database, name: string, written: WrittenRun): void {
  deleteRows(database, name);
  const insert = inserter(database);
  const { run, annotations } = written;
  insert("runs", runRow(name, run));
  annotated(insert, [name, ""], annotations.run);
  for (const [folder, told] of annotations.trials) annotated(insert, [name, folder], told);
  const known = new Map(
    database
      .prepare("SELECT folder, fingerprint, has_curves FROM known_trials WHERE run = ?")
      .all(name)
      .map((row) => [String(row["folder"]), row]),
  );
  database.prepare("DELETE FROM known_trials WHERE run = ?").run(name);
  const keep = database.prepare("INSERT INTO known_trials VALUES (?, ?, ?, ?, ?, ?)");
  for (const trial of run.trials) {
    const { folder } = trial.trial;
    insert("trials", trialRow(name, trial));
    for (const [setting, value] of settingsByPath(trial.trial.config))
      insert("settings", [name, folder, setting, settingValue(value)]);
    for (const [metric, value] of Object.entries(trial.record.metrics))
      insert("metrics", [name, folder, metric, value]);
    const fingerprint = written.fingerprints.get(folder);
    const before = known.get(folder);
    known.delete(folder);
    if (fingerprint === undefined) continue;
    const same = before?.["fingerprint"] === fingerprint;
    if (before !== undefined && !same) dropCurves(database, name, folder);
    const { record, environment } = trial;
    const curves = same ? Number(before["has_curves"]) : 0;
    keep.run(name, folder, numberOf(name, folder), fingerprint, JSON.stringify({ record, environment }), curves);
  }
  for (const folder of known.keys()) dropCurves(database, name, folder);
}

/** Removes everything of a run that is there no more. */
export function dropRun(database: Database, name: string): void {
  for (const { folder } of database.prepare("SELECT folder FROM known_trials WHERE run = ?").all(name))
    dropCurves(database, name, String(folder));
  deleteRows(database, name);
  for (const table of ["known_trials", "known_runs"]) database.prepare(`DELETE FROM ${table} WHERE run = ?`).run(name);
}

export interface WrittenRun {
  readonly run: IndexedRun;
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly annotations: { readonly run: Annotations; readonly trials: ReadonlyMap<string, Annotations> };
}

const deleteRows = (database: Database, name: string): void => {
  for (const { name: table, key } of tables)
    if (typeof key === "number") database.prepare(`DELETE FROM ${table} WHERE run = ?`).run(name);
};

/** Removes the curves of a trial. */
export function dropCurves(database: Database, run: string, folder: string): void {
  database.prepare("DELETE FROM curve_rows WHERE number = ?").run(numberOf(run, folder));
}

/** The number of a trial in the table of curves. It does not depend on the order in which trials were found. */
export const numberOf = (run: string, folder: string): number =>
  Number.parseInt(sha256(`${run}\n${folder}`).slice(0, 12), 16);

/** Whole numbers stay whole in a column of any type, and a truth is 1 or 0. */
function settingValue(value: TableValue): Value {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
}

type Insert = (table: string, row: readonly Value[]) => void;

function inserter(database: Database): Insert {
  const statements = new Map(
    tables.map(({ name, columns, key }) => [
      name,
      typeof key === "number"
        ? database.prepare(`INSERT OR REPLACE INTO ${name} VALUES (${columns.map(() => "?").join(", ")})`)
        : null,
    ]),
  );
  return (table, row) => void statements.get(table)?.run(...row);
}

function annotated(insert: Insert, place: readonly [string, string], { tags, notes }: Annotations): void {
  for (const tag of tags) insert("tags", [...place, tag]);
  for (const [index, { text, written }] of notes.entries()) insert("notes", [...place, index + 1, text, written]);
}

function runRow(name: string, { manifest, trials, problem }: IndexedRun): readonly Value[] {
  const { name: study, title, question, budget, command, module, code } = manifest;
  const reported = trials.filter(({ isReported }) => isReported);
  const done = reported.filter(({ record }) => record.status === "done").length;
  const imported = reported.filter(({ trial }) => trial.imported !== undefined).length;
  return [name, study, title, question, budget, command, module, code, reported.length, done, imported, problem];
}

function trialRow(name: string, { trial, record, environment, isReported }: IndexedTrial): readonly Value[] {
  const { folder, id, study, task, variant, seed, fold, tuning, imported, code } = trial;
  return [
    ...[name, folder, id, study, task, variant, seed, fold === undefined ? null : fold.index + 1],
    ...[tuning === undefined ? null : JSON.stringify(tuning), isReported ? 1 : 0, record.status, record.reason ?? null],
    ...[imported?.source ?? null, record.seconds ?? null, record.finished ?? null, record.memory ?? null],
    ...[record.parameters ?? null, record.weights ?? null, code, environment?.runtime ?? null],
    ...[
      environment?.os ?? null,
      environment?.cpu ?? null,
      environment?.threads ?? null,
      environment?.git?.commit ?? null,
    ],
  ];
}
