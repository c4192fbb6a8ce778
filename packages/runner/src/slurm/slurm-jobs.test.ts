import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { planRun, runStudy, type RunControl, type RunEvent, type RunOutcome } from "@sluice/study";
import { executorStudy, executorSuite } from "@sluice/study/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noSlurmBecause, startSlurm, type SlurmCluster } from "../../fixtures/slurm-cluster.ts";
import { folderStore, type FolderStore } from "../folder/folder-store.ts";
import { slurmJobs, type SlurmJobsOptions } from "./slurm-jobs.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-slurm-jobs-"));
const module = fileURLToPath(new URL("../../fixtures/executor.ts", import.meta.url));
const pace = { filesMs: 100, slurmMs: 500, patience: 5 };
const newStore = (): FolderStore => folderStore(mkdtempSync(join(scratch, "run-")));

const missing = noSlurmBecause();
describe.skipIf(missing !== null)(`on a real Slurm${missing === null ? "" : ` (${missing})`}`, () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    process.env["SLURM_CONF"] = cluster.configuration;
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  const laws = executorSuite((store) => slurmJobs({ module, store, pace }), {
    newStore,
    study: executorStudy(),
    except: {
      "a trial that takes more memory than its limit is failed":
        "a cluster ends a job for its memory only if it confines memory, and this one does not",
    },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));

  const ran = async (
    store: FolderStore,
    settings: { readonly steps?: number; readonly wait?: number; readonly listens?: boolean },
    { limit, ...control }: RunControl & Partial<SlurmJobsOptions> & { readonly limit?: number } = {},
  ): Promise<RunOutcome> => {
    const executor = slurmJobs({ module, store, pace, ...control });
    const asked = { settings, variants: ["slow"] };
    return runStudy(
      await planRun(executorStudy(), { store, executor, seeds: 1, asked, ...(limit && { limit }) }),
      control,
    );
  };
  /** Calls `then` at the first progress. */
  const once = (then: () => void): NonNullable<RunControl["onEvent"]> => {
    let told = false;
    return (event: RunEvent) => {
      if (event.kind !== "progress" || told) return;
      told = true;
      then();
    };
  };
  const logOf = (store: FolderStore): string => {
    const [trial = ""] = readdirSync(join(store.folder, "trials"));
    return readFileSync(join(store.folder, "trials", trial, "log.txt"), "utf8");
  };
  const jobsOf = (log: string): string[] => [...log.matchAll(/Slurm job (\d+)_0/g)].map(([, job = ""]) => job);
  const bits = ({ records }: RunOutcome) => records.map(({ status, metrics, files }) => ({ status, metrics, files }));
  const endless = { steps: 100_000, wait: 20 };
  /** Stops a run at its first progress. */
  const stopped = async (store: FolderStore): Promise<RunOutcome> => {
    const stop = new AbortController();
    return ran(store, endless, { signal: stop.signal, onEvent: once(() => stop.abort()) });
  };

  test("a runner that leaves comes back to the same job", async () => {
    const store = newStore();
    const leave = new AbortController();
    const first = await ran(store, endless, { leave: leave.signal, onEvent: once(() => leave.abort()) });
    expect(first.left).toMatchObject([{ reason: expect.stringMatching(/^Slurm job \d+$/) }]);
    expect(existsSync(join(store.folder, "slurm"))).toBe(true);
    const second = await stopped(store);
    expect(second.records).toMatchObject([{ status: "interrupted", reason: "stopped by the user" }]);
    expect(second.left).toEqual([]);
    expect(jobsOf(logOf(store))).toHaveLength(1);
    expect(readdirSync(store.folder).sort()).toEqual(["report.html", "results.json", "study.json", "trials"]);
    expect(readdirSync(second.records[0]!.folder)).not.toContain("live.json");
  });

  // Slurm waits two minutes before it starts a job again.
  test.runIf(inject("long"))("a job that Slurm starts again goes on from its checkpoint", async () => {
    const store = newStore();
    const resumed: number[] = [];
    const requeue = once(() => {
      const [job = ""] = jobsOf(logOf(store));
      execFileSync("scontrol", ["requeue", `${job}_0`]);
    });
    const outcome = await ran(
      store,
      { steps: 100, wait: 50 },
      {
        onEvent(event) {
          requeue(event);
          if (event.kind === "resumed") resumed.push(event.step);
        },
      },
    );
    expect(outcome.records).toMatchObject([{ status: "done" }]);
    expect(resumed).toHaveLength(1);
    const [first, second, ...others] = jobsOf(logOf(store));
    expect([second, ...others]).toEqual([first]);
    expect(bits(outcome)).toEqual(bits(await ran(newStore(), { steps: 100 })));
  });

  test("a job that is cancelled by hand is an interrupted trial, which resumes", async () => {
    const store = newStore();
    const cancelled = await ran(store, endless, {
      onEvent: once(() => void execFileSync("scancel", jobsOf(logOf(store)))),
    });
    expect(cancelled.records).toMatchObject([
      { status: "interrupted", reason: expect.stringMatching(/^Slurm asked the job to end: it was cancelled/) },
    ]);
    expect(cancelled.interrupted).toBe(false);
  });

  test("a trial that does not listen is ended at its limit", async () => {
    const { records } = await ran(newStore(), { ...endless, listens: false }, { limit: 0.5, graceMs: 500 });
    expect(records).toMatchObject([
      {
        status: "failed",
        reason: expect.stringContaining("longer than its limit of 0.5 s; it did not stop when asked"),
      },
    ]);
  });

  test.runIf(inject("long"))("a runner that is killed comes back to the same job", async () => {
    const store = newStore();
    const script = `
      import { slurmJobs, folderStore } from "@sluice/runner";
      import { planRun, runStudy } from "@sluice/study";
      import { executorStudy } from "@sluice/study/testing";
      const store = folderStore(${JSON.stringify(store.folder)});
      const executor = slurmJobs({ module: ${JSON.stringify(module)}, store, pace: ${JSON.stringify(pace)} });
      const asked = { settings: ${JSON.stringify(endless)}, variants: ["slow"] };
      await runStudy(await planRun(executorStudy(), { store, executor, seeds: 1, asked }));`;
    const runner = spawn(process.execPath, ["--conditions=@sluice/source", "--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("../../../../tests", import.meta.url)),
      stdio: "inherit",
    });
    while (!existsSync(join(store.folder, "trials")) || !/started/.test(await wait(100).then(() => safeLog(store))))
      continue;
    const dead = new Promise((settle) => runner.once("exit", settle));
    runner.kill("SIGKILL");
    await dead;
    const { records } = await stopped(store);
    expect(records).toMatchObject([{ status: "interrupted", reason: "stopped by the user" }]);
    expect(jobsOf(logOf(store))).toHaveLength(1);
  });
  const safeLog = (store: FolderStore): string => {
    try {
      return logOf(store);
    } catch {
      return "";
    }
  };

  test.runIf(inject("long"))("Slurm's time limit interrupts a trial, with its checkpoint", async () => {
    const store = newStore();
    const { records } = await ran(store, endless, { options: { time: "1" } });
    expect(records).toMatchObject([
      { status: "interrupted", reason: expect.stringContaining("Slurm's time limit came before the trial's end") },
    ]);
    expect(readdirSync(join(records[0]!.folder, "checkpoints"))).toHaveLength(2);
  });
});
