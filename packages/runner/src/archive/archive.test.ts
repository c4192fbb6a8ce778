import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareRuns, inProcess, planRun, planSweep, readModel, readRun, runStudy, runSweep } from "@sluice/study";
import { afterAll, beforeAll, expect, test } from "vitest";
import line from "../../fixtures/line.ts";
import tuned from "../../fixtures/tuned.ts";
import { folderStore } from "../folder/folder-store.ts";
import { archiveRun } from "./archive-run.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-archive-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const [runs, whole, archive] = ["runs", "whole", "archive"].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];

/** Runs the study with so many seeds and returns the names of the trials that ran. */
async function ran(folder: string, seeds: number): Promise<string[]> {
  const executor = inProcess();
  const names: string[] = [];
  const counting: typeof executor = {
    ...executor,
    run(trial, context) {
      names.push(`${trial.variant} ${trial.seed}`);
      return executor.run(trial, context);
    },
  };
  await runStudy(await planRun(line, { store: folderStore(folder), executor: counting, budget: "quick", seeds }));
  return names;
}

const lines = () => readFileSync(join(archive, "trials.jsonl"), "utf8").trimEnd().split("\n");

beforeAll(async () => {
  await ran(whole, 2);
  await ran(runs, 1);
  await archiveRun(folderStore(runs), archive);
});

test("an archive grows with its run and has the same bytes for the same trials", async () => {
  const first = lines();
  expect(first).toHaveLength(4);
  await ran(runs, 2);
  await archiveRun(folderStore(runs), archive);
  expect(lines()).toHaveLength(8);
  expect(lines()).toEqual(expect.arrayContaining(first));
  const before = lines();
  expect(readdirSync(archive).sort()).toEqual(["study.json", "trials.jsonl"]);
  await archiveRun(folderStore(runs), archive);
  expect(lines()).toEqual(before);
});

test("an archive is a run: the same values, series, claims and hashes; rows are equal by their hash", async () => {
  const [own, kept] = [await readModel(folderStore(runs), line), await readModel(folderStore(archive), line)];
  expect(kept.claims).toEqual(own.claims);
  const values = { task: "low noise", variant: "plain" };
  expect(kept.results.values({ ...values, metric: "error" })).toEqual(
    own.results.values({ ...values, metric: "error" }),
  );
  expect(kept.results.series({ ...values, name: "residual" })).toEqual(
    own.results.series({ ...values, name: "residual" }),
  );
  expect(kept.environments).toEqual(own.environments);
  expect([...(kept.curves.values().next().value?.keys() ?? [])]).toEqual([
    ...(own.curves.values().next().value?.keys() ?? []),
  ]);
  expect(kept.problems).toEqual([]);
  const { pairs } = await compareRuns(folderStore(archive), folderStore(whole));
  expect(pairs.map(({ parting, metrics }) => [parting, metrics])).toEqual(Array(8).fill([null, []]));
});

test("a run goes on from an archive, on any machine", async () => {
  const elsewhere = join(scratch, "elsewhere");
  await archiveRun(folderStore(archive), elsewhere);
  const names = await ran(elsewhere, 3);
  expect(names).toEqual(["plain 2", "momentum 2", "plain 2", "momentum 2"]);
  const { trials } = await readRun(folderStore(elsewhere));
  expect(trials.map(({ record }) => record.status)).toEqual(Array(12).fill("done"));
  // And back, with the trials that it had.
  const before = lines();
  await archiveRun(folderStore(elsewhere), archive);
  expect(lines()).toEqual(expect.arrayContaining(before));
  expect(lines()).toHaveLength(12);
});

test("a sweep is archived with what it tried, and goes on too", async () => {
  const [sweep, kept] = [folderStore(join(scratch, "sweep")), folderStore(join(scratch, "kept"))];
  const options = { executor: inProcess(), budget: "full" };
  const { document } = await runSweep(await planSweep(tuned, { ...options, store: sweep }));
  await archiveRun(sweep, kept.folder);
  const again = await planSweep(tuned, { ...options, store: kept });
  expect(again.pending).toEqual([]);
  const { tuning, summary } = (await runSweep(again)).document;
  const told = JSON.stringify([tuning, summary]).replaceAll(kept.folder, sweep.folder);
  expect(JSON.parse(told)).toEqual([document.tuning, document.summary]);
});

test("damage and trials of other code are refused", async () => {
  const damaged = join(scratch, "damaged");
  await archiveRun(folderStore(archive), damaged);
  const path = join(damaged, "trials.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace('"seed":1', '"seed":7'));
  await expect(readRun(folderStore(damaged))).rejects.toThrow(/line \d+: damaged: its content does not match its seal/);
  const other = join(scratch, "other");
  const code = { hash: "other", unresolved: [] };
  const options = { store: folderStore(other), executor: inProcess(), budget: "quick", seeds: 1, code };
  await runStudy(await planRun(line, options));
  await expect(archiveRun(folderStore(other), archive)).rejects.toThrow("12 of the trials in");
  expect((await archiveRun(folderStore(other), archive, { replace: true })).trials).toHaveLength(4);
});
