import { fork, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import {
  messageOf,
  overLimit,
  overMemory,
  studyError,
  type Ending,
  type Executor,
  type PlannedTrial,
  type Stop,
  type TrialTask,
} from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import { makeTrialFolder, type FolderStore } from "../folder/folder-store.ts";
import { thisProcess } from "../folder/process.ts";
import { writeError } from "../folder/write.ts";
import { endFamily } from "./end-family.ts";
import { memoryWatch, type MemoryWatch } from "./memory-watch.ts";
import { GRACE_MS, type FromTrial, type ToTrial } from "./messages.ts";
import { trialArguments, trialEntry } from "./node-arguments.ts";
import { ranIn, type OtherNode } from "./other-node.ts";
import { runningTimeout } from "./running-timeout.ts";

/** Options of {@link childProcesses}. */
export interface ChildProcessesOptions {
  /** Path of the module whose default export is the study. Each process loads it. */
  readonly module: string;
  /** The store of the run, into which the processes write their results. */
  readonly store: FolderStore;
  /** Another Node, from `nodeAtPath`; default: the one of this process. */
  readonly node?: OtherNode;
}

/**
 * Runs each trial in a separate process, so that a crash is a failed trial and not the end of the study. The process
 * leads a group of its own: when it is killed or ends, so does everything that it has started.
 */
export function childProcesses({ module, store, node }: ChildProcessesOptions): Executor {
  const memory = memoryWatch();
  return {
    async run(trial, task) {
      if (task.memory !== null && process.platform === "win32")
        throw studyError("childProcesses: memory limits are not supported on Windows; leave the limit out");
      if (task.store.place !== store.place)
        throw studyError(
          `childProcesses: made for the store ${store.place}, but the run uses ${task.store.place}; give both the same folder`,
        );
      return runInChild(trial, task, { module, store, memory, ...(node === undefined ? {} : { node }) });
    },
  };
}

/** How the process of a trial ended. */
interface Exit {
  readonly how: string;
  /** Its message if it could not write a result. */
  readonly broken: Stop | null;
  /** Why it was ended, if it was above one of its limits. */
  readonly over: Stop | null;
  readonly seconds: number;
}

/** What {@link runInChild} needs. */
export interface ChildOptions extends ChildProcessesOptions {
  /** Watches the memory of all trials of an executor; default: one for this trial alone. */
  readonly memory?: MemoryWatch;
}

/** What the process of a trial is told: it loads the study itself, and the store is the one that is given. */
export type ChildTask = Omit<TrialTask, "study" | "store">;

/**
 * Runs one trial in a process of its own, for executors that start trials on other machines.
 *
 * @returns `null` if the trial wrote its result into the store, otherwise how it ended.
 */
export async function runInChild(
  trial: PlannedTrial,
  task: ChildTask,
  { module, store, node, memory = memoryWatch() }: ChildOptions,
): Promise<Ending | null> {
  const folder = store.folderOf(trial);
  const files = trialFiles(folder);
  let logFile: number;
  try {
    makeTrialFolder(folder);
    logFile = openSync(files.log, "a");
  } catch (error) {
    return { status: "interrupted", reason: messageOf(writeError(folder, error)), seconds: 0, write: false };
  }
  const { threads, dataFolder, changes } = task;
  const environment = node === undefined ? task.environment : ranIn(node, task.environment);
  const start = { module, out: store.folder, trial, threads, dataFolder, environment, changes };
  const exit = await superviseChild(logFile, start, { ...task, node, watch: memory.watch }).finally(() =>
    closeSync(logFile),
  );
  const { seconds, broken } = exit;
  if (broken !== null) return { ...broken, seconds, write: false };
  return { ...unsaid(exit, files.log, task), seconds, write: true };
}

/** The reason for a trial that died before it could report one. */
function unsaid({ how, over }: Exit, log: string, { signal, kill, memory }: ChildTask): Stop {
  if (over !== null) return over;
  if (signal.aborted || kill.aborted)
    return { status: "interrupted", reason: "stopped by the user before it could report it" };
  const tail = logTail(log);
  if (memory !== null && tail.includes("JavaScript heap out of memory")) return overMemory(null, memory);
  return { status: "failed", reason: `the process ended with ${how}\n${tail}` };
}

interface Supervision extends ChildTask {
  readonly node: OtherNode | undefined;
  readonly watch: MemoryWatch["watch"];
}

/** Starts a process, passes messages in both directions, and waits for its end. */
function superviseChild(
  logFile: number,
  start: Extract<ToTrial, { kind: "start" }>["start"],
  { limit, memory, signal, kill, onProgress, onResumed, node, watch }: Supervision,
): Promise<Exit> {
  const started = performance.now();
  return new Promise((settle) => {
    const child = fork(trialEntry, [], {
      execArgv: [...trialArguments({ memory }), ...(node === undefined ? [] : node.readsTypes)],
      ...(node === undefined ? {} : { execPath: node.path }),
      serialization: "advanced",
      stdio: ["ignore", logFile, logFile, "ipc"],
      // On Windows a detached process has a window of its own, and no group that could be ended.
      detached: process.platform !== "win32",
    });
    let broken: Stop | null = null;
    let over: Stop | null = null;
    let grace: NodeJS.Timeout | undefined;
    const end = (): void => void (child.pid !== undefined && endFamily(child.pid));
    const stop = (why: Stop): void => {
      send(child, { kind: "stop", stop: why });
      grace ??= setTimeout(end, GRACE_MS);
    };
    const abort = (): void => stop({ status: "interrupted", reason: "stopped by the user" });
    const timer =
      limit === null
        ? undefined
        : runningTimeout(limit * 1000, () => {
            const { status, reason } = overLimit(limit);
            over ??= { status, reason: `${reason}; it did not stop when asked, so its process was killed` };
            stop({ status, reason });
          });
    // It is not asked to stop first, because a checkpoint takes still more memory.
    const unwatch =
      memory === null || child.pid === undefined
        ? undefined
        : watch(child.pid, memory, (bytes) => {
            over ??= overMemory(bytes, memory);
            end();
          });
    const finish = (how: string): void => {
      clearTimeout(grace);
      timer?.clear();
      unwatch?.();
      signal.removeEventListener("abort", abort);
      kill.removeEventListener("abort", end);
      // What the trial has started does not outlive it.
      end();
      settle({ how, broken, over, seconds: (performance.now() - started) / 1000 });
    };
    child.on("message", (message: FromTrial) => {
      if (message.kind === "progress") onProgress(message.progress);
      else if (message.kind === "resumed") onResumed(message.step);
      else broken = { status: message.status, reason: message.reason };
    });
    child.once("error", (error) => finish(messageOf(error)));
    child.once("exit", (code, by) => finish(by === null ? `exit code ${code}` : `signal ${by}`));
    send(child, { kind: "start", start, runner: thisProcess() });
    kill.addEventListener("abort", end);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  });
}

const send = (child: ChildProcess, message: ToTrial): void => void (child.connected && child.send(message, () => {}));

function logTail(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-12).join("\n");
  } catch {
    return "";
  }
}
