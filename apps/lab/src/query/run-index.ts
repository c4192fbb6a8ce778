import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folderStore } from "@sluice/runner/folder";
import { messageOf, studyError, type Manifest } from "@sluice/study";
import { annotatedTrials, annotationsIn } from "../run-folders/annotated.ts";
import { runsBelow, type FoundRun } from "../run-folders/find-runs.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { readIndexed, type IndexedRun, type KnownTrial } from "./read-indexed.ts";
import { schemaStatements, SCHEMA_VERSION } from "./schema.ts";
import { isDamage, isUnwritable, type Database, type Sqlite } from "./sqlite.ts";
import { dropCurves, dropRun, numberOf, writeRun } from "./write-index.ts";

/** An index of all runs below a folder, as new as the folders are. */
export interface RunIndex {
  /** For queries; nothing can be written through it. */
  readonly database: Database;
  /** What could not be read, and why the index is not kept. */
  readonly problems: readonly string[];
}

/** What is wanted of the index. */
interface IndexOptions {
  /** Whether the curves are needed. */
  readonly curves: boolean;
  /** Whether to throw the index away first. */
  readonly rebuild: boolean;
}

/** The file of the index, in the folder of all runs. */
export const indexFile = (runs: string): string => join(runs, ".index.sqlite");

/** How long a command waits while another one writes the index. */
const WAIT_MS = 600_000;

/**
 * Opens the index of all runs below a folder, and reads what has changed since it was written. One that is damaged, or
 * of another version, is made anew. Where the folder cannot be written, it is in memory.
 */
export async function openIndex(sqlite: Sqlite, runs: string, options: IndexOptions): Promise<RunIndex> {
  const path = indexFile(runs);
  if (!existsSync(runs)) throw studyError(`${runs}: no such folder; --runs says where the runs are`);
  if (options.rebuild) removeIndex(path);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const problems = await refreshed(new sqlite.DatabaseSync(path), { runs, curves: options.curves, close: true });
      const database = new sqlite.DatabaseSync(path, { readOnly: true });
      database.exec(`PRAGMA busy_timeout = ${WAIT_MS}`);
      return { database, problems };
    } catch (error) {
      if (isDamage(error) && attempt === 1) removeIndex(path);
      else if (isUnwritable(error)) return inMemory(sqlite, runs, { ...options, because: messageOf(error) });
      else throw error;
    }
  }
}

/** An index that is lost when the command ends. */
async function inMemory(
  sqlite: Sqlite,
  runs: string,
  { curves, because }: IndexOptions & { readonly because: string },
): Promise<RunIndex> {
  const database = new sqlite.DatabaseSync(":memory:");
  const problems = await refreshed(database, { runs, curves, close: false });
  database.exec("PRAGMA query_only = 1");
  return { database, problems: [`${indexFile(runs)} cannot be kept: ${because}`, ...problems] };
}

/** Removes an index, so that the next command makes it anew. */
export function removeIndex(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
}

interface Refreshing {
  readonly runs: string;
  readonly curves: boolean;
  readonly close: boolean;
}

/** Brings an index up to date. Another command that does the same waits, and finds nothing left to do. */
async function refreshed(database: Database, { runs, curves, close }: Refreshing): Promise<readonly string[]> {
  let isOpen = false;
  try {
    database.exec(`PRAGMA busy_timeout = ${WAIT_MS}`);
    database.exec("BEGIN IMMEDIATE");
    isOpen = true;
    makeTables(database);
    const found = runsBelow(runs);
    const problems: string[] = [];
    for (const run of found) await refreshRun(database, run, { curves, problems });
    const names = new Set(found.map(({ name }) => name));
    for (const { run } of database.prepare("SELECT run FROM known_runs").all())
      if (!names.has(String(run))) dropRun(database, String(run));
    database.exec("COMMIT");
    isOpen = false;
    return problems;
  } catch (error) {
    if (isOpen && !isDamage(error)) database.exec("ROLLBACK");
    throw error;
  } finally {
    if (close) database.close();
  }
}

/** Makes the tables of a new index, and of one of another version. */
function makeTables(database: Database): void {
  const [version] = database.prepare("PRAGMA user_version").all();
  if (version?.["user_version"] === SCHEMA_VERSION) {
    // Of a large index it would take longer than the query. Damage that the query then meets is noticed there.
    if (sizeOf(database) > CHECKED_BYTES) return;
    const [check] = database.prepare("PRAGMA quick_check(1)").all();
    if (check?.["quick_check"] === "ok") return;
    throw Object.assign(new Error(`damaged: ${String(check?.["quick_check"])}`), { errcode: 11 });
  }
  const own = database.prepare("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").all();
  for (const { type, name } of own) database.exec(`DROP ${String(type)} IF EXISTS "${String(name)}"`);
  database.exec(schemaStatements());
}

const CHECKED_BYTES = 16 * 1024 * 1024;

function sizeOf(database: Database): number {
  const [pages] = database.prepare("PRAGMA page_count").all();
  const [bytes] = database.prepare("PRAGMA page_size").all();
  return Number(pages?.["page_count"]) * Number(bytes?.["page_size"]);
}

interface RunRefreshing {
  readonly curves: boolean;
  readonly problems: string[];
}

async function refreshRun(database: Database, run: FoundRun, { curves, problems }: RunRefreshing): Promise<void> {
  const { name, folder } = run;
  const now = fingerprintOf(folder);
  const [before] = database.prepare("SELECT fingerprint FROM known_runs WHERE run = ?").all(name);
  if (before?.["fingerprint"] !== now.run) {
    const indexed = await readOrProblem(run, knownTrials(database, name, now.trials));
    const { told, problem } = annotationsIn(folder);
    const annotations = { run: told, trials: annotatedTrials(folder) };
    const joined = [indexed.problem, problem].filter((one) => one !== null).join("\n");
    writeRun(database, name, {
      run: { ...indexed, problem: joined === "" ? null : joined },
      fingerprints: now.trials,
      annotations,
    });
    database.prepare("INSERT OR REPLACE INTO known_runs VALUES (?, ?)").run(name, now.run);
  }
  if (curves) await addCurves(database, run, problems);
}

/** The trials whose files are as they were when they were read. */
function knownTrials(
  database: Database,
  run: string,
  now: ReadonlyMap<string, string>,
): ReadonlyMap<string, KnownTrial> {
  const rows = database.prepare("SELECT folder, fingerprint, read FROM known_trials WHERE run = ?").all(run);
  return new Map(
    rows.flatMap(({ folder, fingerprint, read }): [string, KnownTrial][] =>
      now.get(String(folder)) === fingerprint ? [[String(folder), JSON.parse(String(read))]] : [],
    ),
  );
}

async function readOrProblem(run: FoundRun, known: ReadonlyMap<string, KnownTrial>): Promise<IndexedRun> {
  try {
    return await readIndexed(run, known);
  } catch (error) {
    return { manifest: UNREADABLE, trials: [], problem: messageOf(error) };
  }
}

/** What is told of a run that cannot be read. */
const UNREADABLE: Manifest = {
  name: "",
  title: "",
  question: "",
  stepLabel: "",
  budget: "",
  module: null,
  command: "",
  code: "",
  data: {},
  tasks: [],
  variants: [],
  metrics: {},
  anchors: [],
  trials: [],
};

/** Reads the curves of trials that do not have them in the index yet. */
async function addCurves(database: Database, { name, folder }: FoundRun, problems: string[]): Promise<void> {
  const missing = database.prepare("SELECT folder, read FROM known_trials WHERE run = ? AND has_curves = 0").all(name);
  const store = folderStore(folder);
  const insert = database.prepare("INSERT INTO curve_rows VALUES (?, ?, ?, ?, ?)");
  for (const row of missing) {
    const trial = String(row["folder"]);
    const { record }: KnownTrial = JSON.parse(String(row["read"]));
    const { rows, problems: own } = await store.readCurves({ ...record, folder: join(folder, "trials", trial) });
    problems.push(...own);
    const number = numberOf(name, trial);
    dropCurves(database, name, trial);
    rows.forEach(({ step, ...values }, index) => {
      for (const [metric, value] of Object.entries(values)) insert.run(number, index, metric, step, value);
    });
    // The curves of a trial that still runs grow, and nothing else may change with them.
    if (record.status !== "interrupted")
      database.prepare("UPDATE known_trials SET has_curves = 1 WHERE run = ? AND folder = ?").run(name, trial);
  }
}
