/** Where trials run: `--on`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { slurmJobs, slurmOptionsOf, type RunOptions } from "@sluice/runner";
import { messageOf, studyError, type Executor } from "@sluice/study";
import type { Command } from "commander";
import { listed } from "./arguments.ts";

/** The options that say where trials run. */
export interface ExecutorFlags {
  readonly on?: string;
  readonly slurm?: readonly string[];
  readonly slurmSetup?: string;
  readonly detach?: boolean;
  readonly queue?: string;
  readonly jobs?: number;
}

/** Adds `--on` and what belongs to it to a command. */
export const withExecutorOptions = (command: Command): Command =>
  command
    .option(
      "--on <where>",
      "where the trials run: local, slurm, or redis://host:6379 for the workers that `sluice worker` starts (default: local, each in a process of its own)",
    )
    .option(
      "--slurm <options>",
      "options of sbatch, such as partition=gpu,time=01:00:00,mem=4G; may be given several times",
      listed,
    )
    .option("--slurm-setup <file>", "lines of bash that prepare a node, such as module load nodejs")
    .option("--detach", "with --on slurm: submit the trials and return; the same command goes on with them")
    .option("--queue <name>", "with --on redis://: the queue of these workers (default: sluice)");

/** For trials that can go on without the command: aborted to leave them. Undefined if they end with the command. */
export function leavingOf({ on, detach }: ExecutorFlags): AbortController | undefined {
  if (on !== "slurm") return undefined;
  const leave = new AbortController();
  if (detach === true) leave.abort();
  return leave;
}

/** The executor for `--on`; undefined for the default. */
export function executorOn(
  { on = "local", slurm, slurmSetup, detach, jobs, queue }: ExecutorFlags,
  { folder, leave }: { readonly folder: string; readonly leave?: AbortController | undefined },
): RunOptions["executor"] {
  const [ofSlurm] = [slurm && "--slurm", slurmSetup && "--slurm-setup", detach && "--detach"].filter(Boolean);
  if (ofSlurm !== undefined && on !== "slurm") throw studyError(`${ofSlurm} needs --on slurm`);
  if (queue !== undefined && !isRedis(on)) throw studyError("--queue needs --on redis://host:6379");
  if (isRedis(on)) return (place) => redisExecutor(on, { ...place, ...(queue === undefined ? {} : { queue }) });
  if (on === "slurm") {
    const given = {
      options: slurmOptionsOf(slurm ?? []),
      ...(slurmSetup === undefined ? {} : { setup: setupIn(resolve(folder, slurmSetup)) }),
      ...(leave === undefined ? {} : { leave: leave.signal }),
      ...(jobs === undefined ? {} : { jobs }),
    };
    return (place) => slurmJobs({ ...place, ...given });
  }
  if (on !== "local") throw studyError(`--on ${on}: expected local, slurm or redis://host:6379`);
  return undefined;
}

function setupIn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw studyError(`--slurm-setup: cannot read ${path}: ${messageOf(error)}`, error);
  }
}

/** Whether `--on` names a Redis. */
export const isRedis = (on: string): boolean => /^rediss?:/i.test(on);

/** `--on` to be typed again, printed and stored: without the password. */
export function shownOn(on: string): string {
  if (!isRedis(on) || !URL.canParse(on)) return on;
  const url = new URL(on);
  [url.username, url.password] = ["", ""];
  return url.href;
}

/** The package of the queue is loaded when the first run opens it: who runs on one machine need not have it. */
function redisExecutor(
  url: string,
  given: Parameters<NonNullable<RunOptions["executor"]>>[0] & { readonly queue?: string },
): Executor {
  let workers: Executor | undefined;
  return {
    queues: true,
    takesAll: true,
    async open(told) {
      const { redisWorkers } = await queuePackage("--on redis://");
      workers = redisWorkers({ url, ...given });
      await workers.open?.(told);
    },
    async close() {
      await workers?.close?.();
    },
    async run(trial, task) {
      if (workers === undefined) throw studyError("the executor is not open");
      return workers.run(trial, task);
    },
  };
}

/** `@sluice/queue`, which is installed only by those who use it. */
export async function queuePackage(what: string): Promise<typeof import("@sluice/queue")> {
  try {
    return await import("@sluice/queue");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw studyError(
      `${what} needs the package @sluice/queue, which is not installed: npm install @sluice/queue`,
      error,
    );
  }
}
