import { fork } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Environment } from "../environment.ts";
import { messageOf } from "../error.ts";
import type { PlannedTrial } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { trialFiles } from "../store/files.ts";
import { lockHolder } from "../store/lock.ts";
import { readTrial } from "../store/read.ts";
import type { TrialResult } from "../store/result.ts";
import { writeError, writeJson } from "../store/write.ts";
import type { Progress } from "../trial.ts";
import type { FromTrial, ToTrial } from "./messages.ts";
import { trialArguments, trialEntry } from "./node-arguments.ts";

export interface ChildOptions {
  readonly modulePath: string;
  /** The runs folder. */
  readonly out: string;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  readonly diff: string;
  /** Asks the trial to stop; after the grace its process is killed. */
  readonly signal: AbortSignal;
  /** Kills the process at once. */
  readonly kill: AbortSignal;
  onResumed(step: number): void;
  onProgress(progress: Progress): void;
}

const GRACE_MS = 5000;
const LOCK_WAIT_MS = 10_000;

/** Runs one trial in a process of its own, so that a crash is a failed trial and not the end of the study. */
export async function runInChild(trial: PlannedTrial, folder: string, options: ChildOptions): Promise<TrialRecord> {
  const files = trialFiles(folder);
  const holder = await waitForLock(files.lock, options.signal);
  const { id, task, variant, seed } = trial;
  const record = { id, folder, task, variant, seed, metrics: {}, warnings: [] };
  if (holder !== null) {
    return { ...record, status: "failed", reason: `process ${holder.pid} on ${holder.host} is running this trial; if it is not, delete ${files.lock}` };
  }
  let logFile: number;
  try {
    prepareFolder(trial, folder, options);
    logFile = openSync(files.log, "a");
  } catch (error) {
    return { ...record, status: "failed", reason: messageOf(writeError(folder, error)) };
  }
  const ended = await childProcess(trial, folder, logFile, options).finally(() => closeSync(logFile));
  if (!existsSync(files.result)) {
    const interrupted = options.signal.aborted || options.kill.aborted;
    const reason = ended.broken ?? (interrupted ? "stopped by the user before it could say so itself" : `the process ended with ${ended.how}\n${logTail(files.log)}`);
    const result: TrialResult = { status: interrupted ? "interrupted" : "failed", reason, metrics: {}, timings: { seconds: ended.seconds, finished: new Date().toISOString() } };
    try {
      writeJson(files.result, result);
    } catch {
      return { ...record, status: result.status, reason };
    }
  }
  return readTrial(options.out, trial);
}

/** Writes what identifies the trial before it starts. A folder that is there already is gone on with. */
function prepareFolder(trial: PlannedTrial, folder: string, { environment, diff }: ChildOptions): void {
  const files = trialFiles(folder);
  mkdirSync(folder, { recursive: true });
  const { folder: _, ...identity } = trial;
  writeJson(files.config, identity);
  const earlier: unknown = existsSync(files.environment) ? JSON.parse(readFileSync(files.environment, "utf8")) : null;
  const resumed = typeof earlier === "object" && earlier !== null && "resumed" in earlier && Array.isArray(earlier.resumed) ? earlier.resumed : [];
  const now = { ...environment, started: new Date().toISOString() };
  writeJson(files.environment, earlier === null ? now : { ...earlier, resumed: [...resumed, now] });
  if (diff !== "" && !existsSync(files.diff)) writeFileSync(files.diff, diff);
}

async function waitForLock(path: string, signal: AbortSignal): Promise<ReturnType<typeof lockHolder>> {
  // After a killed runner its trials need a moment to notice and to write their checkpoints.
  for (let waited = 0; ; waited += 100) {
    const holder = lockHolder(path);
    if (holder === null || waited >= LOCK_WAIT_MS || signal.aborted) return holder;
    await wait(100);
  }
}

function childProcess(
  trial: PlannedTrial,
  folder: string,
  logFile: number,
  options: ChildOptions,
): Promise<{ readonly how: string; readonly broken: string | null; readonly seconds: number }> {
  const started = performance.now();
  return new Promise((settle) => {
    const child = fork(trialEntry, [], { execArgv: [...trialArguments()], serialization: "advanced", stdio: ["ignore", logFile, logFile, "ipc"] });
    let broken: string | null = null;
    let grace: NodeJS.Timeout | undefined;
    const kill = (): void => void child.kill("SIGKILL");
    const abort = (): void => {
      if (child.connected) child.send({ kind: "abort" } satisfies ToTrial, () => {});
      grace = setTimeout(kill, GRACE_MS);
    };
    const finish = (how: string): void => {
      clearTimeout(grace);
      options.signal.removeEventListener("abort", abort);
      options.kill.removeEventListener("abort", kill);
      settle({ how, broken, seconds: (performance.now() - started) / 1000 });
    };
    child.on("message", (message: FromTrial) => {
      if (message.kind === "progress") options.onProgress(message.progress);
      else if (message.kind === "resumed") options.onResumed(message.step);
      else broken = message.reason;
    });
    child.once("error", (error) => finish(messageOf(error)));
    child.once("exit", (code, signal) => finish(signal === null ? `exit code ${code}` : `signal ${signal}`));
    const { modulePath, threads, dataFolder } = options;
    child.send({ kind: "start", modulePath, folder, trial, threads, dataFolder } satisfies ToTrial, () => {});
    options.kill.addEventListener("abort", kill, { once: true });
    if (options.signal.aborted) abort();
    else options.signal.addEventListener("abort", abort, { once: true });
  });
}

function logTail(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-12).join("\n");
  } catch {
    return "";
  }
}
