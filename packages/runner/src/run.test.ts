import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { readProcesses } from "./child/process-table.ts";
import { isAlive, type ProcessName } from "./folder/process.ts";
import { prepareRun, type RunOptions } from "./prepare.ts";
import { runStudy } from "@sluice/study";

const scratch = mkdtempSync(join(tmpdir(), "sluice-run-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url));
const prepare = (name: string, out: string, options: Partial<RunOptions> = {}) =>
  prepareRun({
    module: fixture(name),
    ...(name === "line" ? { budget: "quick" } : {}),
    out,
    seeds: 1,
    jobs: 4,
    ...options,
  });
const folderOf = (name: string): string => mkdtempSync(join(scratch, `${name}-`));

function trialsOf(out: string): string[] {
  const trials = join(out, "trials");
  return existsSync(trials)
    ? readdirSync(trials)
        .sort()
        .map((name) => join(trials, name))
    : [];
}

function firstTrialOf(out: string): string {
  const [folder] = trialsOf(out);
  if (folder === undefined) throw new Error(`${out} has no trial`);
  return folder;
}

const logsOf = (out: string): string[] => trialsOf(out).map((folder) => readFileSync(join(folder, "log.txt"), "utf8"));

describe("a run that is started twice", { timeout: 600_000 }, () => {
  test("at once in one process works once", async () => {
    const out = folderOf("twice");
    const runs = await Promise.all([prepare("line", out), prepare("line", out), prepare("line", out)]);
    const settled = await Promise.allSettled(runs.map((run) => runStudy(run)));
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of settled)
      if (outcome.status === "rejected")
        expect(outcome.reason.message).toContain(`process ${process.pid} on this machine has been using this folder`);
    for (const log of logsOf(out)) expect(log.match(/started/g)).toHaveLength(1);
    expect(existsSync(join(out, "lock.json"))).toBe(false);

    // The others were prepared when nothing had run: what has run since is not run again.
    const [, , late] = runs;
    if (late === undefined) throw new Error("three were prepared");
    const again = await runStudy(late);
    expect(again.records.map((record) => record.status)).toEqual(["done", "done", "done", "done"]);
    for (const log of logsOf(out)) expect(log.match(/started/g)).toHaveLength(1);
  });

  test("at once in many processes works once", async () => {
    const out = folderOf("processes");
    const script = `
      import { prepareRun } from "@sluice/runner";
      import { runStudy } from "@sluice/study";
      const run = await prepareRun({ module: ${JSON.stringify(fixture("line"))}, budget: "quick", seeds: 1, jobs: 2, out: ${JSON.stringify(out)} });
      console.log(await runStudy(run).then(({ records }) => records.map((record) => record.status).join(), (error) => error.message));`;
    const one = (): Promise<string> =>
      new Promise((settle) => {
        const child = spawn(process.execPath, ["--conditions=@sluice/source", "--input-type=module", "-e", script], {
          cwd: fileURLToPath(new URL("../../../tests", import.meta.url)),
          stdio: ["ignore", "pipe", "inherit"],
        });
        let text = "";
        child.stdout.on("data", (part) => (text += part));
        child.once("close", () => settle(text.trim()));
      });
    const said = await Promise.all(Array.from({ length: 4 }, one));
    for (const text of said) expect(text).toMatch(/^done,done,done,done$|using this folder/);
    expect(said.some((text) => text.startsWith("done"))).toBe(true);
    for (const log of logsOf(out)) expect(log.match(/started/g)).toHaveLength(1);
  });
});

describe("a trial without an end", { timeout: 600_000 }, () => {
  test("is stopped at its limit, or killed, and counts as failed", async () => {
    const out = folderOf("limit");
    const { records } = await runStudy(await prepare("endless", out, { limit: 4 }));
    for (const { status, reason, variant, folder } of records) {
      // Where the machine is so busy that a trial has not begun by then, it stops before it begins.
      const begun = existsSync(join(folder, "checkpoints"));
      expect(status).toBe("failed");
      expect(reason).toContain("it took longer than its limit of 4 s");
      if (begun && variant !== "listening")
        expect(reason).toContain("it did not stop when asked, so its process was killed");
    }
    await expect(prepare("endless", out, { limit: 0 })).rejects.toThrow(
      "prepareRun: limit: expected a number of seconds above 0",
    );
  });

  test("does not outlive a runner that was killed, nor does anything that it has started", async () => {
    const out = folderOf("orphan");
    const script = `
      import { prepareRun } from "@sluice/runner";
      import { runStudy } from "@sluice/study";
      await runStudy(await prepareRun({ module: ${JSON.stringify(fixture("endless"))}, jobs: 3, out: ${JSON.stringify(out)} }));`;
    const runner = spawn(process.execPath, ["--conditions=@sluice/source", "--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("../../../tests", import.meta.url)),
      stdio: ["ignore", "ignore", "inherit"],
    });
    const saved = (): string[] =>
      trialsOf(out).filter(
        (folder) =>
          existsSync(join(folder, "checkpoints")) &&
          readdirSync(join(folder, "checkpoints")).some((name) => name.endsWith(".json")),
      );
    while (saved().length < 3) await wait(50);
    const trials = trialsOf(out).map((folder): ProcessName =>
      JSON.parse(readFileSync(join(folder, "lock.json"), "utf8")),
    );
    expect(trials.map(isAlive)).toEqual([true, true, true]);
    const started = logsOf(out).flatMap((log) => /processes (\d+) (\d+)/.exec(log)?.slice(1).map(Number) ?? []);
    expect(started.map((pid) => readProcesses().has(pid))).toEqual(Array(6).fill(true));
    runner.kill("SIGKILL");
    while (trials.some((trial) => isAlive(trial) === true)) await wait(50);
    while (started.some((pid) => readProcesses().has(pid))) await wait(50);
    // Nothing has to be deleted by hand: the run goes on.
    const { records } = await runStudy(await prepare("endless", out, { limit: 0.2 }));
    expect(records.map((record) => record.status)).toEqual(["failed", "failed", "failed"]);
  });
});

describe("a disk that fails", { timeout: 600_000 }, () => {
  test.runIf(process.platform === "linux")(
    "interrupts the trial, starts no other, and the same command goes on",
    async () => {
      const out = folderOf("full");
      const run = await prepare("line", out, { jobs: 1 });
      const [first] = run.trials;
      const folder = join(out, "trials", first?.folder ?? "");
      mkdirSync(folder, { recursive: true });
      // Every write of a row fails as on a full disk.
      symlinkSync("/dev/full", join(folder, "metrics.jsonl"));
      const { records, ended } = await runStudy(run);
      expect(records.map((record) => record.status)).toEqual(["interrupted", "waiting", "waiting", "waiting"]);
      expect(records[0]?.reason).toContain(
        "metrics.jsonl: the disk is full: free some space and run the same command again",
      );
      expect(ended).toMatchObject({ by: "store", reason: records[0]?.reason });
      rmSync(join(folder, "metrics.jsonl"));
      const again = await runStudy(await prepare("line", out));
      expect(again.records.map((record) => record.status)).toEqual(["done", "done", "done", "done"]);
    },
  );
});

test("a damaged environment.json costs what it said, and is kept and named", { timeout: 600_000 }, async () => {
  const out = folderOf("environment");
  const stop = new AbortController();
  const run = await prepare("slow", out);
  await runStudy(run, {
    signal: stop.signal,
    onEvent: (event) => void (event.kind === "progress" && event.progress.step > 20 && stop.abort()),
  });
  const folder = firstTrialOf(out);
  writeFileSync(join(folder, "environment.json"), '{ "node": "v2');
  const { records, problems } = await runStudy(await prepare("slow", out));
  expect(records.map((record) => record.status)).toEqual(["done"]);
  expect(readFileSync(join(folder, "log.txt"), "utf8")).toMatch(/resumed from step \d+/);
  expect(problems).toEqual([expect.stringContaining(`${join(folder, "environment.json")}: lost`)]);
  expect(readdirSync(folder).filter((name) => name.startsWith("environment.json.damaged-"))).toHaveLength(1);
});

test(
  "an odd claim costs its verdict, and a damaged file its curve: there is a report all the same",
  { timeout: 600_000 },
  async () => {
    const out = folderOf("odd");
    const { document } = await runStudy(await prepare("odd-claims", out));
    const verdicts = Object.fromEntries(
      document.claims.map(({ text, verdict, because }) => [text, `${verdict}: ${because}`]),
    );
    expect(verdicts["asynchronous"]).toMatch(/^undecided: the test returned a promise/);
    expect(verdicts["failing later"]).toMatch(/^undecided: the test returned a promise/);
    for (const text of ["nothing", "another word", "no reason"])
      expect(verdicts[text]).toMatch(/^undecided: the test gave no verdict/);
    expect(verdicts["throwing"]).toBe("undecided: the test failed: boom");
    expect(verdicts["throwing nothing"]).toBe("undecided: the test failed: undefined");
    expect(verdicts["plain"]).toBe("reproduced: it is so");

    const folder = firstTrialOf(out);
    for (const name of ["metrics.jsonl", "artifacts/residual.json", "environment.json"])
      writeFileSync(join(folder, name), '{ "of": "another form" }');
    mkdirSync(join(out, "trials", "stray"));
    const { problems, report } = await runStudy(await prepare("odd-claims", out));
    for (const name of ["metrics.jsonl", "artifacts/residual.json", "environment.json"])
      expect(problems.filter((problem) => problem.includes(join(folder, name)))).toHaveLength(1);
    expect(problems.filter((problem) => problem.includes("stray"))).toHaveLength(1);
    for (const problem of problems) expect(readFileSync(report, "utf8")).toContain(problem.slice(0, 60));
  },
);
