/** A column of a table of the index. */
export interface IndexColumn {
  readonly name: string;
  readonly type: "TEXT" | "INTEGER" | "REAL" | "ANY";
  readonly what: string;
}

/** A table of the index, or a view of tables. */
export interface IndexTable {
  readonly name: string;
  readonly what: string;
  readonly columns: readonly IndexColumn[];
  /** Of how many of the first columns the key consists; for a view, the query instead. */
  readonly key: number | string;
}

const column = (name: string, type: IndexColumn["type"], what: string): IndexColumn => ({ name, type, what });

const run = column("run", "TEXT", "");
const folder = column("folder", "TEXT", "");
/** What every row about a trial repeats, so that most questions need no join. */
const place = [
  column("study", "TEXT", ""),
  column("task", "TEXT", ""),
  column("variant", "TEXT", ""),
  column("seed", "INTEGER", ""),
  column("fold", "INTEGER", "from 1; null without folds"),
] as const;

/** What a query can ask. */
export const tables: readonly IndexTable[] = [
  {
    name: "runs",
    what: "a row per runs folder",
    key: 1,
    columns: [
      column("run", "TEXT", "the runs folder, such as digits/quick"),
      column("study", "TEXT", ""),
      column("title", "TEXT", ""),
      column("question", "TEXT", ""),
      column("budget", "TEXT", ""),
      column("command", "TEXT", "runs it again"),
      column("module", "TEXT", "of the study"),
      column("code", "TEXT", "hash of the code"),
      column("trials", "INTEGER", "reported ones"),
      column("done", "INTEGER", "of these"),
      column("imported", "INTEGER", "of these"),
      column("problem", "TEXT", "what cannot be read"),
    ],
  },
  {
    name: "trials",
    what: "a row per trial, also waiting, failed and tuning ones",
    key: 2,
    columns: [
      run,
      column("folder", "TEXT", "the trial's folder in trials/"),
      column("trial", "TEXT", "id"),
      ...place,
      column("tuning", "TEXT", "settings that it tries; null for others"),
      column("reported", "INTEGER", "1 if means count it; 0 for tuning trials and other code, data or settings"),
      column("status", "TEXT", "done, failed, diverged, interrupted, unreadable or waiting"),
      column("reason", "TEXT", ""),
      column("imported", "TEXT", "where it is from, if it ran elsewhere"),
      column("seconds", "REAL", ""),
      column("finished", "TEXT", "UTC"),
      column("memory", "INTEGER", "bytes at most"),
      column("parameters", "INTEGER", ""),
      column("weights", "TEXT", "SHA-256"),
      column("code", "TEXT", "hash"),
      column("runtime", "TEXT", ""),
      column("os", "TEXT", ""),
      column("cpu", "TEXT", ""),
      column("threads", "INTEGER", ""),
      column("commit_id", "TEXT", "of git"),
    ],
  },
  {
    name: "settings",
    what: "a row per trial and setting",
    key: 3,
    columns: [run, folder, column("name", "TEXT", "such as optimizer.rate"), column("value", "ANY", "lists as JSON")],
  },
  {
    name: "metrics",
    what: "a row per trial and metric: summary values",
    key: 3,
    columns: [run, folder, column("metric", "TEXT", ""), column("value", "REAL", "null for none")],
  },
  {
    name: "tags",
    what: "a row per tag of a run (folder is '') or a trial",
    key: 3,
    columns: [run, folder, column("tag", "TEXT", "")],
  },
  {
    name: "notes",
    what: "a row per note of a run (folder is '') or a trial",
    key: 3,
    columns: [
      run,
      folder,
      column("number", "INTEGER", ""),
      column("note", "TEXT", ""),
      column("written", "TEXT", "UTC"),
    ],
  },
  {
    name: "results",
    what: "trials and metrics together: the values that means are taken of",
    key: `SELECT run, folder, study, task, variant, seed, fold, imported IS NOT NULL AS imported, metric, value
      FROM metrics JOIN trials USING (run, folder) WHERE reported = 1 AND status = 'done'`,
    columns: [
      run,
      folder,
      ...place,
      column("imported", "INTEGER", "1 or 0"),
      column("metric", "TEXT", ""),
      column("value", "REAL", ""),
    ],
  },
  {
    name: "curves",
    what: "a row per trial, step and metric; read when a query first asks for it",
    key: `SELECT t.run, t.folder, c.step, c.metric, c.value FROM curve_rows c JOIN known_trials t ON t.number = c.number`,
    columns: [
      run,
      folder,
      column("step", "REAL", ""),
      column("metric", "TEXT", ""),
      column("value", "REAL", "null for NaN"),
    ],
  },
];

/** Raised when the tables change: an older index is then made anew. */
export const SCHEMA_VERSION = 1;

/**
 * The statements that make an empty index. Tables are kept in the order of their keys, so that an index that grew and
 * one that was made anew give rows in the same order. `known_runs`, `known_trials` and `curve_rows` are its own: what
 * the folders were like when they were read.
 */
export function schemaStatements(): string {
  const made = tables.map(({ name, columns, key }) => {
    if (typeof key === "string") return `CREATE VIEW ${name} AS ${key};`;
    const lines = columns.map((one) => `${one.name} ${one.type}`);
    const own = columns.slice(0, key).map((one) => one.name);
    return `CREATE TABLE ${name} (${lines.join(", ")}, PRIMARY KEY (${own.join(", ")})) STRICT, WITHOUT ROWID;`;
  });
  return `
    CREATE TABLE known_runs (run TEXT PRIMARY KEY, fingerprint TEXT) STRICT, WITHOUT ROWID;
    CREATE TABLE known_trials (run TEXT, folder TEXT, number INTEGER UNIQUE, fingerprint TEXT, read TEXT,
      has_curves INTEGER, PRIMARY KEY (run, folder)) STRICT, WITHOUT ROWID;
    CREATE TABLE curve_rows (number INTEGER, row INTEGER, metric TEXT, step REAL, value REAL,
      PRIMARY KEY (number, row, metric)) STRICT, WITHOUT ROWID;
    ${made.join("\n")}
    PRAGMA user_version = ${SCHEMA_VERSION};`;
}

/** A column as its table's help names it: what it holds, if its name does not say it. */
const columnText = ({ name, what }: IndexColumn): string => (what === "" ? name : `${name} (${what})`);

/** The tables and their columns, for users. */
export const schemaText = (wrap: (text: string) => readonly string[]): string[] => [
  ...tables.flatMap(({ name, what, columns }) => [
    `${name}: ${what}`,
    ...wrap(columns.map(columnText).join(", ")).map((line) => `  ${line}`),
    "",
  ]),
  "Besides the functions of SQLite there are median(x) and stddev(x), of a sample.",
  "",
  "Examples:",
  ...EXAMPLES.map((sql) => `  sluice query "${sql}"`),
];

export const EXAMPLES: readonly string[] = [
  "select task, variant, count(value) n, avg(value) mean, stddev(value) sd from results where metric = 'accuracy' group by task, variant",
  "select t.run, t.variant, t.seed, t.reason from trials t where t.status = 'failed'",
  "select s.value hidden, avg(r.value) from results r join settings s using (run, folder) where s.name = 'hidden' and r.metric = 'accuracy' group by s.value",
];
