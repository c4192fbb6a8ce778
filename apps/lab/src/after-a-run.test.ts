// Commands that read a finished run, each as a process of its own.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandIn, fixture } from "../fixtures/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-after-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const { sluice } = commandIn(scratch);
const run = join(scratch, "troubled");

beforeAll(async () => {
  expect((await sluice("run", fixture("troubled"), "--out", run)).code).toBe(1);
}, 90_000);

test("logs prints the logs of a run, of some trials, and of one", async () => {
  const [all, one, json, none, elsewhere] = await Promise.all([
    sluice("logs", run),
    sluice("logs", run, "Throwing seed 0", "--tail", "1"),
    sluice("logs", join(run, "trials", readdirSync(join(run, "trials"))[0] ?? ""), "--json"),
    sluice("logs", run, "nothing"),
    sluice("logs", scratch),
  ]);
  expect(all.code).toBe(0);
  expect(all.stdout.match(/^==> /gm)).toHaveLength(4);
  expect(all.stdout).toContain("the trial broke a promise");
  expect(one.stdout.split("\n")).toHaveLength(2);
  const [logged] = JSON.parse(json.stdout);
  expect(logged.lines[0]).toMatch(/ started$/);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no trial has "nothing" in its name')]);
  expect([elsewhere.code, elsewhere.stderr]).toEqual([
    2,
    expect.stringContaining("neither a trial's folder nor a run's"),
  ]);
});

test("export prints the trials, and refuses what it cannot write", async () => {
  const [csv, latex, parquet, rows, nowhere] = await Promise.all([
    sluice("export", run),
    sluice("export", run, "--out", "table.tex"),
    sluice("export", run, "--format", "parquet"),
    sluice("export", run, "--format", "latex", "--rows"),
    sluice("export", run, "--out", join(scratch, "none/there.csv")),
  ]);
  const statuses = parse<Record<string, string>>(csv.stdout, { columns: true }).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["diverged", "done", "failed", "failed"]);
  expect([latex.code, latex.stdout]).toEqual([0, `${join(scratch, "table.tex")}\n`]);
  expect([parquet.code, parquet.stderr]).toEqual([2, expect.stringContaining("name a file with --out")]);
  expect([rows.code, rows.stderr]).toEqual([2, expect.stringContaining("--rows has no LaTeX form")]);
  expect([nowhere.code, nowhere.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot be written: ENOENT.*Make its folder first/),
  ]);
});

test("data says what a study reads, where it is, and what is missing", async () => {
  const points = "1,2\n3,4\n";
  mkdirSync(join(scratch, "archive"));
  writeFileSync(join(scratch, "archive/points.csv"), points);
  const hash = createHash("sha256").update(points).digest("hex");
  writeFileSync(
    join(scratch, "study.mjs"),
    `export default { kind: "study", name: "points", variants: {}, trial: async () => {}, data: () => ({ "points.csv": "${hash}", made: "${"0".repeat(64)}" }) };`,
  );
  const [found, json, missing, none] = await Promise.all([
    sluice("data", "study.mjs", "--data", "archive"),
    sluice("data", "study.mjs", "--data", "archive", "--json"),
    sluice("data", fixture("without-data")),
    sluice("data", fixture("slow")),
  ]);
  expect(found.stdout).toMatch(new RegExp(`^points.csv +${hash.slice(0, 16)} +8 +archive/points.csv$`, "m"));
  expect(found.stdout).toMatch(/^made +0{16} +no file of this name and content/m);
  expect(JSON.parse(json.stdout).files).toEqual([
    { name: "points.csv", sha256: hash, path: join(scratch, "archive/points.csv"), bytes: 8 },
    { name: "made", sha256: "0".repeat(64), path: null, bytes: null },
  ]);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("points.csv: missing. Download it")]);
  expect([none.code, none.stdout]).toEqual([0, expect.stringContaining("declares no data")]);
});

test("bundle refuses to write over anything, and a run that is not there", async () => {
  writeFileSync(join(scratch, "there.tgz"), "mine");
  const [archive, folder, nowhere] = await Promise.all([
    sluice("bundle", run, "there.tgz"),
    sluice("bundle", run, "."),
    sluice("bundle", "nowhere", "new.tgz"),
  ]);
  expect([archive.code, archive.stderr]).toEqual([2, expect.stringContaining("there.tgz exists. Nothing was written")]);
  expect([folder.code, folder.stderr]).toEqual([2, expect.stringContaining("exists and is not an empty folder")]);
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("no such runs folder")]);
  expect(existsSync(join(scratch, "new.tgz"))).toBe(false);
});

test("new writes a project, and refuses a kind or a name that it does not know", async () => {
  const [made, kind, name, help] = await Promise.all([
    sluice("new", "cell", "soft-gate", "--json"),
    sluice("new", "sell", "soft-gate-2"),
    sluice("new", "study", "Soft_Gate"),
    sluice("new", "--help"),
  ]);
  expect(made.code).toBe(0);
  expect(JSON.parse(made.stdout).folder).toBe(join(scratch, "soft-gate"));
  expect([kind.code, kind.stderr]).toEqual([
    2,
    expect.stringContaining("study, compare, records, modalities, cell, plugin"),
  ]);
  expect([name.code, name.stderr]).toEqual([2, expect.stringContaining("lower-case words joined by hyphens")]);
  expect(existsSync(join(scratch, "Soft_Gate"))).toBe(false);
  expect(help.stdout).toContain("sluice new compare soft-gate");
});
