import { execFileSync } from "node:child_process";
import { appendFileSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import {
  isStoreFailure,
  messageOf,
  overLimit,
  runTrial,
  storeError,
  stopping,
  studyError,
  type PlannedTrial,
  type Stop,
} from "@sluice/study";
import { trialArguments } from "../child/node-arguments.ts";
import { codeIdentity } from "../code/identity.ts";
import { machine } from "../environment.ts";
import { trialFiles } from "../folder/files.ts";
import { freeLock } from "../folder/lock.ts";
import { folderStore } from "../folder/folder-store.ts";
import { thisProcess } from "../folder/process.ts";
import { loadStudy } from "../load.ts";
import { readBatch, type Batch } from "./batch.ts";
import { liveWriter, readLive, type LiveWriter } from "./live.ts";
import { minutesOf } from "./options.ts";

// The process of one trial in a job of Slurm. The job array says which trial it runs. It tells the runner by files.

const abort = new AbortController();
const stop = (why: Stop): void => abort.abort(stopping(why));

// The runner asks with SIGUSR2, Slurm with SIGTERM.
process.on("SIGUSR2", () => stop({ status: "interrupted", reason: "stopped by the user" }));
process.on("SIGTERM", () => stop({ status: "interrupted", reason: askedBySlurm() }));
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

const { SLURM_ARRAY_JOB_ID: job = "", SLURM_ARRAY_TASK_ID: index = "", SLURM_RESTART_COUNT: start = "0" } = process.env;
const batch = readBatch(process.argv[2] ?? "");
const trial = batch.trials[Number(index)];
if (trial === undefined) throw studyError(`${process.argv[2]}: the job array has no trial ${index}`);
const session = `${job}_${index}.${start}`;
const files = trialFiles(join(batch.out, "trials", trial.folder));
// Slurm starts a job again after its node failed. The process there is gone, and so is its claim to the folder.
const before = readLive(files.live, `${job}_${index}`);
if (before !== null) freeLock(files.lock, before.process);
const live = liveWriter(files.live, { session, process: thisProcess() });
try {
  appendFileSync(files.log, `${new Date().toISOString()} Slurm job ${job}_${index} on ${hostname()}\n`);
  live.tell({});
  await run(trial, batch, live);
  live.flush();
  process.exit(0);
} catch (error) {
  console.error(error);
  const status = isStoreFailure(error) ? "interrupted" : "failed";
  live.tell({ broken: { status, reason: messageOf(error), write: false } });
  live.flush();
  process.exit(1);
}

async function run(
  planned: PlannedTrial,
  { module, out, code, limit, ...given }: Batch,
  told: LiveWriter,
): Promise<void> {
  const store = folderStore(out);
  // A shared file system must not show a result that the runner has removed.
  readdirSync(store.folderOf(planned));
  // A job that is started again may have ended its trial before.
  const { status } = await store.readTrial(planned);
  if (status === "done" || status === "failed" || status === "diverged") return;
  // Its result would be stored under the identity of the code as it was.
  if (codeIdentity(module, { execArgv: trialArguments() }).hash !== code)
    throw storeError(module, "the code changed after the jobs were submitted; run the command again");
  const inTheWay = await store.makeWay(planned, status);
  if (inTheWay !== null) throw studyError(inTheWay.reason ?? "another process is using the trial's folder");
  watchLimit(limit, given.graceMs);
  await runTrial(
    {
      ...given,
      trial: planned,
      environment: { ...given.environment, ...machine() },
      store,
      study: () => loadStudy(module),
    },
    {
      signal: abort.signal,
      onResumed: (step) => told.tell({ resumed: step }),
      onProgress: (progress) => told.tell({ progress }),
      // Node gives it in kilobytes, on every system.
      memory: () => process.resourceUsage().maxRSS * 1024,
    },
  );
}

/** Stops the trial at its limit. A thread ends the process if the trial does not listen. */
function watchLimit(limit: number | null, graceMs: number): void {
  if (limit === null) return;
  const { status, reason } = overLimit(limit);
  const broken = { status, reason: `${reason}; it did not stop when asked, so its process was killed`, write: true };
  const watchdog = new Worker(
    new URL(import.meta.url.endsWith(".ts") ? "./watchdog.ts" : "./watchdog.js", import.meta.url),
    { workerData: { limit, graceMs, path: files.live, live: { session, process: thisProcess(), broken } } },
  );
  watchdog.on("message", () => stop(overLimit(limit)));
  watchdog.unref();
}

/** Slurm's signal does not say why it comes. */
function askedBySlurm(): string {
  if (isOutOfTime())
    return "Slurm's time limit came before the trial's end; ask for more with --slurm time=..., and run the same command again to resume";
  return "Slurm asked the job to end: it was cancelled, or had to make way for another one (preempted); run the same command again to resume";
}

function isOutOfTime(): boolean {
  try {
    const args = ["-h", "-t", "all", "-j", `${job}_${index}`, "-o", "%M|%l"];
    const told = execFileSync("squeue", args, { encoding: "utf8", timeout: 5000, stdio: ["ignore", "pipe", "ignore"] });
    const [used = null, most = null] = told.trim().split("|").map(minutesOf);
    // It may be warned two minutes before.
    return used !== null && most !== null && used >= most - 2;
  } catch {
    return false;
  }
}
