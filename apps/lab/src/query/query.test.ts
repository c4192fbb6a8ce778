import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { annotate, folderStore, type FolderStore } from "@sluice/runner";
import {
  identityOfGiven,
  importTrial,
  inProcess,
  planRun,
  readModel,
  readRun,
  runStudy,
  sampleMean,
  standardDeviation,
  withNote,
  withTags,
  type GivenTrial,
} from "@sluice/study";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import line from "../../../../packages/runner/fixtures/line.ts";
import { commandIn, main } from "../../fixtures/command.ts";
import { ask, type Answer } from "./ask.ts";
import { indexFile, openIndex } from "./run-index.ts";
import { EXAMPLES, tables } from "./schema.ts";
import { loadSqlite } from "./sqlite.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-query-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const runs = join(scratch, "runs");
const quick = folderStore(join(runs, "line/quick"));

async function runInto(store: FolderStore, asked: Parameters<typeof planRun>[1]["asked"] = {}): Promise<void> {
  const settings = { steps: 20, ...asked.settings };
  const plan = { store, executor: inProcess(), budget: "quick", asked: { ...asked, settings }, seeds: 2 };
  await runStudy(await planRun(line, plan));
}
beforeAll(() => runInto(quick));

const sqlite = await loadSqlite();

/** Asks once, as a command does. */
async function asked(sql: string, { rebuild = false, from = runs } = {}): Promise<readonly (readonly Answer[])[]> {
  const curves = /\bcurves\b/.test(sql);
  const { database } = await openIndex(sqlite, from, { curves, rebuild });
  try {
    return [...ask(database, sql).rows()];
  } finally {
    database.close();
  }
}

/** Everything that can be asked, in the order in which it comes. */
async function everything(rebuild: boolean): Promise<object> {
  const all: Record<string, unknown> = {};
  for (const { name } of tables) {
    const order = name === "curves" ? " ORDER BY run, folder, step, metric" : "";
    all[name] = await asked(`SELECT * FROM ${name}${order}`, { rebuild });
  }
  return all;
}

test("what the index has is what the runs have", async () => {
  const { results } = await readModel(quick, null);
  const rows = await asked(
    "SELECT task, variant, count(value), avg(value), stddev(value), median(value) FROM results WHERE metric = 'error' GROUP BY task, variant",
  );
  expect(rows).toHaveLength(4);
  for (const [task, variant, n, mean, deviation, median] of rows) {
    const values = results
      .values({ task: String(task), variant: String(variant), metric: "error" })
      .map(({ value }) => value);
    expect([n, values.length]).toEqual([2, 2]);
    for (const [found, expected] of [
      [mean, sampleMean(values)],
      [deviation, standardDeviation(values)],
      [median, sampleMean(values)],
    ] as const)
      expect(found).toBeCloseTo(expected, 12);
  }
  expect(await asked("SELECT run, study, budget, trials, done, imported, problem FROM runs")).toEqual([
    ["line/quick", "line", "quick", 8, 8, 0, null],
  ]);
  expect(
    await asked("SELECT name, value FROM settings WHERE folder LIKE 'low-noise-momentum-seed0%' AND name <> 'pauseMs'"),
  ).toEqual([
    ["momentum", 0.8],
    ["noise", 0.1],
    ["rate", 0.05],
    ["sabotage", ""],
    ["saveEvery", 20],
    ["steps", 20],
  ]);
  const [first] = results.trials;
  const { rows: curve } = first === undefined ? { rows: [] } : await quick.readCurves(first);
  expect(
    await asked(
      `SELECT step, value FROM curves WHERE folder = '${basename(first?.folder ?? "")}' AND metric = 'loss' ORDER BY step`,
    ),
  ).toEqual(curve.map(({ step, loss }) => [step, loss]));
  for (const sql of EXAMPLES) await asked(sql);
});

test("an index that follows every change is that which is made anew", async () => {
  await asked("SELECT * FROM curves");
  // Other code, data or settings; a trial that ran elsewhere; tags and notes; a result that is damaged; a run that is gone.
  const other = folderStore(join(runs, "line/other"));
  const gone = folderStore(join(runs, "line/gone"));
  await runInto(other, { settings: { rate: 0.1 }, variants: ["plain"] });
  await runInto(gone, { variants: ["plain"] });
  await everything(false);
  rmSync(gone.folder, { recursive: true });
  const given: GivenTrial = {
    ...{ task: "low noise", variant: "torch", seed: 0, config: { rate: 0.1 }, metrics: { error: 0.5 } },
    ...{ rows: [{ step: 1, loss: Number.NaN }], files: [], read: {} },
    status: "done",
  };
  const from = { source: "elsewhere", by: null, hardware: null, software: null, commit: null };
  const trial = identityOfGiven("line", given, { from, date: "2026-01-01T00:00:00.000Z" });
  await importTrial(other, trial, { given, metrics: line.metrics, command: "import" });
  await annotate(other.folder, (before) => withTags(before, { add: ["paper", "best"] }));
  await annotate(other.folderOf(trial), (before) =>
    withNote(before, { text: "odd", written: "2026-01-01T00:00:00.000Z" }),
  );
  const [{ trial: damaged } = { trial }] = (await readRun(other)).trials;
  writeFileSync(join(other.folderOf(damaged), "result.json"), "{");
  const followed = await everything(false);
  expect(await everything(true)).toEqual(followed);
  expect(await asked("SELECT run, trials, done, imported FROM runs")).toEqual([
    ["line/other", 5, 3, 1],
    ["line/quick", 8, 8, 0],
  ]);
  expect(await asked("SELECT status, count(*) FROM trials WHERE run = 'line/other' GROUP BY status")).toEqual([
    ["diverged", 1],
    ["done", 3],
    ["unreadable", 1],
  ]);
  expect(await asked("SELECT folder, tag FROM tags")).toEqual([
    ["", "best"],
    ["", "paper"],
  ]);
  expect(
    await asked("SELECT c.value FROM curves c JOIN trials USING (run, folder) WHERE imported = 'elsewhere'"),
  ).toEqual([[null]]);
});

describe("an index that cannot be trusted or kept", () => {
  test("is made anew if it is damaged, cut off, or of another version", async () => {
    const whole = await everything(true);
    const path = indexFile(runs);
    const bytes = readFileSync(path);
    const torn = Buffer.from(bytes);
    torn.fill(0xff, 4096, 12_288);
    const old = new sqlite.DatabaseSync(join(scratch, "old.sqlite"));
    old.exec("CREATE TABLE runs (run TEXT); PRAGMA user_version = 7");
    old.close();
    for (const content of [
      "not a database, whatever its name says it is",
      bytes.subarray(0, bytes.length / 2),
      torn,
      "",
      readFileSync(join(scratch, "old.sqlite")),
    ]) {
      writeFileSync(path, content);
      expect(await everything(false)).toEqual(whole);
    }
  });

  test("is in memory where nothing can be written", async () => {
    const path = indexFile(runs);
    rmSync(path, { force: true });
    // A folder of the index's name cannot be opened as a file, by whoever asks.
    mkdirSync(path);
    const { database, problems } = await openIndex(sqlite, runs, { curves: false, rebuild: false });
    expect(problems[0]).toContain(`${path} cannot be kept`);
    expect([...ask(database, "SELECT count(*) FROM runs").rows()]).toEqual([[2]]);
    expect(() => database.exec("DELETE FROM runs")).toThrow("readonly");
    database.close();
    rmSync(path, { recursive: true });
  });
});

test("only one query that reads is answered, and names that do not exist get the nearest", async () => {
  for (const [sql, message] of [
    ["DROP TABLE runs", 'query: "DROP TABLE runs": expected a query that reads: SELECT, WITH, VALUES or EXPLAIN'],
    ["WITH a AS (SELECT 1) DELETE FROM runs", "query: attempt to write a readonly database."],
    ["SELECT 1; SELECT 2", "query: more than one statement is given; expected one"],
    ["SELECT varient FROM trials", 'query: no such column: varient; did you mean "variant"?'],
    ["SELECT * FROM trails", 'query: no such table: trails; did you mean "trials"?'],
    ["SELECT mediam(value) FROM results", 'query: no such function: mediam; did you mean "median"?'],
    ["SELECT FROM", 'query: near "FROM": syntax error.'],
  ] as const)
    await expect(asked(sql)).rejects.toThrow(message);
  expect(await asked("SELECT 'a;b' AS x; -- and a comment; with marks")).toEqual([["a;b"]]);
});

describe("the command", () => {
  const { sluice, start } = commandIn(scratch);

  test("answers as table, CSV and JSON, also two at once, and says nothing of an experiment", async () => {
    rmSync(indexFile(runs), { force: true });
    const sql =
      "SELECT variant, count(*) AS n, 0.125 AS x, 'a,\"b\"' AS t, NULL AS none FROM trials WHERE run = 'line/quick' GROUP BY variant";
    const answers = await Promise.all([
      sluice("query", sql),
      sluice("query", sql, "--csv"),
      sluice("query", sql, "--json"),
      sluice("query", "SELECT count(*) FROM curves WHERE run = 'line/quick'", "--csv"),
    ]);
    expect(answers.map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, ""]));
    expect(answers.map(({ stdout }) => stdout)).toEqual([
      'variant   n      x  t      none\nmomentum  4  0.125  a,"b"  –\nplain     4  0.125  a,"b"  –\n',
      'variant,n,x,t,none\nmomentum,4,0.125,"a,""b""",\nplain,4,0.125,"a,""b""",\n',
      expect.stringContaining('{"variant":"momentum","n":4,"x":0.125,"t":"a,\\"b\\"","none":null}'),
      "count(*)\n320\n",
    ]);
    expect(JSON.parse(answers[2].stdout)).toHaveLength(2);
  });

  test("prints the tables without SQL, and stops if its reader does", async () => {
    const [schema, many] = [
      sluice("query"),
      start("query", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", "--csv"),
    ];
    many.child.stdout?.once("data", () => many.child.stdout?.destroy());
    expect(await many.ended).toMatchObject({ code: 0, stderr: "" });
    const { code, stdout } = await schema;
    expect(code).toBe(0);
    for (const { name, columns } of tables) {
      expect(stdout).toContain(`\n${name}: `.replace(/^\nruns/, "runs"));
      for (const column of columns) expect(stdout).toContain(column.name);
    }
  });

  test("says which Node it needs", async () => {
    const args = ["--no-experimental-sqlite", "--conditions=@sluice/source", main, "query", "SELECT 1"];
    const child = spawn(process.execPath, args, { cwd: scratch, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (part) => (stderr += part));
    expect(await new Promise((settle) => child.once("close", settle))).toBe(2);
    expect(stderr).toContain(
      `sluice query needs the node:sqlite of Node 22.16 or newer, and this is ${process.version}.`,
    );
  });
});
