import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { planRun, runStudy, type RunEvent, type RunOutcome } from "@sluice/study";
import { executorStudy } from "@sluice/study/testing";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { fakeSlurm, type FakeSlurm } from "../../fixtures/slurm-fake.ts";
import { folderStore, type FolderStore } from "../folder/folder-store.ts";
import { takeLock } from "../folder/lock.ts";
import { slurmJobs, type SlurmJobsOptions } from "./slurm-jobs.ts";

// What a Slurm of one node cannot be made to do: its commands are scripts that answer as Slurm's do.

const scratch = mkdtempSync(join(tmpdir(), "sluice-slurm-endings-"));
const path = process.env["PATH"];
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(scratch, { recursive: true, force: true });
});
const module = fileURLToPath(new URL("../../fixtures/executor.ts", import.meta.url));

let slurm: FakeSlurm;
let store: FolderStore;
beforeEach(() => {
  process.env["PATH"] = path;
  slurm = fakeSlurm(scratch);
  process.env["PATH"] = slurm.path;
  store = folderStore(mkdtempSync(join(scratch, "run-")));
  slurm.answer("sbatch", "7\n");
});

const planned = async ({
  seeds = 1,
  limit,
  ...options
}: Partial<SlurmJobsOptions> & { seeds?: number; limit?: number } = {}) => {
  const pace = { filesMs: 20, slurmMs: 50, patience: 0.5, ...options.pace };
  const executor = slurmJobs({ module, store, ...options, pace });
  const asked = { variants: ["slow"] };
  return planRun(executorStudy(), { store, executor, seeds, asked, ...(limit === undefined ? {} : { limit }) });
};

/** Runs one trial whose job begins, and then ends as Slurm says. */
async function endedAs(sacct: string, onEvent?: (event: RunEvent) => void): Promise<RunOutcome> {
  const run = await planned();
  const folder = join(store.folder, "trials", run.trials[0]?.folder ?? "");
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, "log.txt"), "the last words\n");
  slurm.answer("squeue", "7_0|FAILED|None\n");
  slurm.answer("sacct", sacct);
  return runStudy(run, { ...(onEvent && { onEvent }) });
}

describe("Slurm's reason is told in words", () => {
  test.each([
    [
      "OUT_OF_MEMORY|0:125",
      "failed",
      "used more memory than Slurm gave it (out of memory); ask for more with --slurm mem=...",
    ],
    [
      "TIMEOUT|0:0",
      "interrupted",
      "Slurm's time limit came before the trial's end; ask for more with --slurm time=...",
    ],
    ["PREEMPTED|0:0", "interrupted", "had to make way for another one (preempted); run the same command again"],
    ["NODE_FAIL|0:0", "interrupted", "the node of the job failed; run the same command again"],
    ["CANCELLED by 1000|0:0", "interrupted", "the job was cancelled (scancel)"],
    ["FAILED|3:0", "failed", "the process ended with exit code 3\nthe last words"],
    ["FAILED|0:9", "failed", "signal SIGKILL: somebody killed it, or the node was out of memory"],
    ["FAILED|91:0", "failed", "the node cannot see the run's folder: choose one with --out"],
    ["FAILED|93:0", "failed", "there is no Node on the node of the job"],
    ["COMPLETED|0:0", "interrupted", "does the node see the same folder"],
  ])("%s", async (ended, status, reason) => {
    const { records } = await endedAs(`7_0|${ended}\n`);
    expect(records[0]).toMatchObject({ status, reason: expect.stringContaining(reason) });
    expect(records[0]?.reason).toContain("Slurm job 7_0: ");
  });

  test("without sacct it is what scontrol says", async () => {
    slurm.answer(
      "scontrol",
      "JobId=9 ArrayJobId=7 ArrayTaskId=0 JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125\n",
    );
    const { records } = await endedAs("");
    expect(records[0]?.reason).toContain("used more memory than Slurm gave it");
  });
});

test("trials that are ready at once are one array, with the options and the sizes asked for", async () => {
  slurm.answer("squeue", "7_0|CANCELLED|None\n7_1|CANCELLED|None\n7_2|CANCELLED|None\n");
  slurm.answer("sacct", "7_0|CANCELLED|0:0\n7_1|CANCELLED|0:0\n7_2|CANCELLED|0:0\n");
  await runStudy(await planned({ seeds: 3, jobs: 2, options: { partition: "gpu", exclusive: true }, limit: 600 }));
  const [call, ...others] = slurm.calls("sbatch");
  expect(others).toEqual([]);
  expect(call).toMatch(
    /^--parsable --job-name=executor-suite-[0-9a-f]{8} --array=0-2%2 --nodes=1 --ntasks=1 --cpus-per-task=1 --output=\/dev\/null --time=14 --signal=B:TERM@60 --partition=gpu --exclusive \/.*\/job\.sh$/,
  );
  // The folder of an array that is over is removed.
  expect(existsSync(join(store.folder, "slurm"))).toBe(false);
});

test("more trials than an array may have are several, one after another where only some may run at a time", async () => {
  slurm.answer("scontrol", "MaxArraySize            = 3\n");
  slurm.answer("squeue", "7|CANCELLED|None\n");
  slurm.answer("sacct", "7_0|CANCELLED|0:0\n7_1|CANCELLED|0:0\n");
  await runStudy(await planned({ seeds: 5, jobs: 2 }));
  const arrays = slurm.calls("sbatch").map((call) => call.match(/--array=\S+|--dependency=\S+/g));
  expect(arrays).toEqual([
    ["--array=0-1"],
    ["--array=0-1", "--dependency=afterany:7"],
    ["--array=0-0", "--dependency=afterany:7"],
  ]);
});

describe("a job that Slurm refuses is an error in one line", () => {
  test.each([
    [
      "sbatch: error: invalid partition specified: gpu\nsbatch: error: Batch job submission failed: Invalid partition name specified",
      "the cluster has main, big",
    ],
    [
      "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
      "--slurm account=NAME",
    ],
    [
      "sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: Requested node configuration is not available",
      "ask for less with --threads or --slurm mem=4G",
    ],
    [
      "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
      "ask for less time",
    ],
    [
      "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      "may not submit so many jobs at once",
    ],
    ["sbatch: unrecognized option '--partitoin=x'\nTry \"sbatch --help\" for more information", "correct --slurm"],
    ["sbatch: error: Unable to contact slurm controller (connect failure)", "the controller does not answer"],
  ])("%s", async (said, fix) => {
    slurm.answer("sbatch", said, 1);
    slurm.answer("sinfo", "main\nbig\n");
    const error = await runStudy(await planned()).then(
      () => "no error",
      ({ message }: Error) => message,
    );
    expect(error).toMatch(/^--on slurm: sbatch refuses the jobs: [^\n]*$/);
    expect(error).toContain(`Likely fix: `);
    expect(error).toContain(fix);
    // Nothing stays behind that looks like a trial.
    expect(existsSync(join(store.folder, "slurm"))).toBe(false);
    expect(readdirSync(join(store.folder, "trials"))).toEqual([]);
  });

  test("and so is a machine without Slurm", async () => {
    process.env["PATH"] = join(scratch, "nowhere");
    await expect(runStudy(await planned())).rejects.toThrow(
      "--on slurm: there is no sbatch on the PATH; start sluice on a node",
    );
  });
});

test("the lock of a process on another machine is free once Slurm says that its job is over", async () => {
  const run = await planned();
  const folder = join(store.folder, "trials", run.trials[0]?.folder ?? "");
  mkdirSync(folder, { recursive: true });
  const elsewhere = { pid: 12, host: "node-7", machine: "another boot", started: "1" };
  writeFileSync(join(folder, "lock.json"), JSON.stringify({ token: "0123456789abcdef", ...elsewhere, since: "today" }));
  writeFileSync(join(folder, "live.json"), JSON.stringify({ session: "7_0.0", process: elsewhere }));
  writeFileSync(join(folder, "log.txt"), "");
  expect(takeLock(join(folder, "lock.json"))).toMatchObject({ lock: null });
  slurm.answer("squeue", "7_0|NODE_FAIL|None\n");
  slurm.answer("sacct", "7_0|NODE_FAIL|0:0\n");
  const started: (string | undefined)[] = [];
  const { records } = await runStudy(run, {
    onEvent: (event) => void (event.kind === "started" && started.push(event.place)),
  });
  expect(started).toEqual(["node-7"]);
  expect(JSON.parse(readFileSync(join(folder, "result.json"), "utf8"))).toMatchObject({ status: "interrupted" });
  expect(records[0]).toMatchObject({
    status: "interrupted",
    reason: expect.stringContaining("the node of the job failed"),
  });
});

test("why a job waits is told once, and Ctrl-C cancels it before it begins", async () => {
  slurm.answer("squeue", "7_0|PENDING|Resources\n");
  const stop = new AbortController();
  const told: string[] = [];
  const { records } = await runStudy(await planned(), {
    signal: stop.signal,
    onEvent(event) {
      told.push(event.kind === "waiting" ? event.reason : event.kind);
      if (event.kind !== "waiting") return;
      stop.abort();
      setTimeout(() => slurm.answer("squeue", "7|CANCELLED|None\n"), 1000);
    },
  });
  expect(told).toEqual(["in Slurm's queue: no node is free", "ended"]);
  expect(records[0]).toMatchObject({ status: "interrupted", reason: "stopped by the user before it began" });
  expect(slurm.calls("scancel")).toContain("--quiet --state=PENDING 7_0");
});
