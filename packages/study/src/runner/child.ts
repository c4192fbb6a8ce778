import { fork } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import type { Environment } from "../environment.ts";
import { messageOf } from "../error.ts";
import type { PlannedTrial } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { trialFiles } from "../store/files.ts";
import { takeLock } from "../store/lock.ts";
import { thisProcess } from "../store/process.ts";
import { readTrial } from "../store/read.ts";
import type { TrialResult } from "../store/result.ts";
import { writeSealed } from "../store/seal.ts";
import { makeFolder, writeError } from "../store/write.ts";
import type { Progress } from "../trial.ts";
import { GRACE_MS, type FromTrial, type Stop, type ToTrial } from "./messages.ts";
import { trialArguments, trialEntry } from "./node-arguments.ts";

export interface ChildOptions {
  readonly modulePath: string;
  /** The runs folder. */
  readonly out: string;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  readonly diff: string;
  /** Seconds that the trial may take in this session; `null` for as long as it likes. */
  readonly limit: number | null;
  /** Asks the trial to stop; after the grace its process is killed. */
  readonly signal: AbortSignal;
  /** Kills the process at once. */
  readonly kill: AbortSignal;
  onResumed(step: number): void;
  onProgress(progress: Progress): void;
}

/** How the process of a trial ended. */
interface Ending {
  readonly how: string;
  /** What it said if it could not write a result. */
  readonly broken: Stop | null;
  readonly limitReached: boolean;
  readonly seconds: number;
}

/** Runs one trial in a process of its own, so that a crash is a failed trial and not the end of the study. */
export async function runInChild(trial: PlannedTrial, folder: string, options: ChildOptions): Promise<TrialRecord> {
  const files = trialFiles(folder);
  const { id, task, variant, seed } = trial;
  const record = { id, folder, task, variant, seed, metrics: {}, warnings: [] };
  let logFile: number;
  try {
    makeFolder(folder);
    logFile = openSync(files.log, "a");
  } catch (error) {
    return { ...record, status: "interrupted", reason: messageOf(writeError(folder, error)) };
  }
  const ended = await childProcess(trial, folder, logFile, options).finally(() => closeSync(logFile));
  if (ended.broken !== null) return { ...record, ...ended.broken };
  if (!existsSync(files.result)) {
    const stop = unsaid(ended, files.log, options);
    const result: TrialResult = {
      trial: id,
      ...stop,
      metrics: {},
      rests: null,
      timings: { seconds: ended.seconds, finished: new Date().toISOString() },
    };
    try {
      const { lock } = takeLock(files.lock);
      if (lock === null) return { ...record, ...stop };
      writeSealed(files.result, "result", result);
      lock.release();
    } catch {
      return { ...record, ...stop };
    }
  }
  return readTrial(options.out, trial);
}

/** What is said of a trial that died before it could say it. */
function unsaid({ how, limitReached }: Ending, log: string, { signal, kill, limit }: ChildOptions): Stop {
  if (limitReached)
    return {
      status: "failed",
      reason: `${overLimit(limit)}; it did not stop when it was told to, so its process was killed`,
    };
  if (signal.aborted || kill.aborted)
    return { status: "interrupted", reason: "stopped by the user before it could say so itself" };
  return { status: "failed", reason: `the process ended with ${how}\n${logTail(log)}` };
}

const overLimit = (limit: number | null): string => `it took longer than its limit of ${limit} s`;

function childProcess(trial: PlannedTrial, folder: string, logFile: number, options: ChildOptions): Promise<Ending> {
  const started = performance.now();
  return new Promise((settle) => {
    const child = fork(trialEntry, [], {
      execArgv: [...trialArguments()],
      serialization: "advanced",
      stdio: ["ignore", logFile, logFile, "ipc"],
    });
    let broken: Stop | null = null;
    let limitReached = false;
    let grace: NodeJS.Timeout | undefined;
    const send = (message: ToTrial): void => void (child.connected && child.send(message, () => {}));
    const kill = (): void => void child.kill("SIGKILL");
    const stop = (why: Stop): void => {
      send({ kind: "stop", stop: why });
      grace ??= setTimeout(kill, GRACE_MS);
    };
    const abort = (): void => stop({ status: "interrupted", reason: "stopped by the user" });
    const limit =
      options.limit === null
        ? undefined
        : setLongTimeout(options.limit * 1000, () => {
            limitReached = true;
            stop({ status: "failed", reason: overLimit(options.limit) });
          });
    const finish = (how: string): void => {
      clearTimeout(grace);
      limit?.clear();
      options.signal.removeEventListener("abort", abort);
      options.kill.removeEventListener("abort", kill);
      settle({ how, broken, limitReached, seconds: (performance.now() - started) / 1000 });
    };
    child.on("message", (message: FromTrial) => {
      if (message.kind === "progress") options.onProgress(message.progress);
      else if (message.kind === "resumed") options.onResumed(message.step);
      else broken = { status: message.status, reason: message.reason };
    });
    child.once("error", (error) => finish(messageOf(error)));
    child.once("exit", (code, signal) => finish(signal === null ? `exit code ${code}` : `signal ${signal}`));
    const { modulePath, threads, dataFolder, environment, diff } = options;
    send({
      kind: "start",
      start: { modulePath, folder, trial, threads, dataFolder, environment, diff },
      runner: thisProcess(),
    });
    options.kill.addEventListener("abort", kill, { once: true });
    if (options.signal.aborted) abort();
    else options.signal.addEventListener("abort", abort, { once: true });
  });
}

/** A timer beyond the 24.8 days that one of Node's can count. */
function setLongTimeout(milliseconds: number, then: () => void): { clear(): void } {
  const end = performance.now() + milliseconds;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const left = end - performance.now();
    if (left <= 0) then();
    else timer = setTimeout(next, Math.min(left, 0x7fffffff));
  };
  timer = setTimeout(next, 0);
  return { clear: () => clearTimeout(timer) };
}

function logTail(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-12).join("\n");
  } catch {
    return "";
  }
}
