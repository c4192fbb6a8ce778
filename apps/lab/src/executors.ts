/** Where trials run: `--on`. */
import type { RunOptions } from "@sluice/runner";
import { studyError, type Executor } from "@sluice/study";
import type { Command } from "commander";

/** The options that say where trials run. */
export interface ExecutorFlags {
  readonly on?: string;
  readonly queue?: string;
}

/** Adds `--on` and what belongs to it to a command. */
export const withExecutorOptions = (command: Command): Command =>
  command
    .option(
      "--on <where>",
      "where the trials run: local, or redis://host:6379 for the workers that `sluice worker` starts (default: local, each in a process of its own)",
    )
    .option("--queue <name>", "with --on redis://: the queue of these workers (default: sluice)");

/** The executor for `--on`; undefined for the default. */
export function executorOn({ on = "local", queue }: ExecutorFlags): RunOptions["executor"] {
  if (isRedis(on)) return (place) => redisExecutor(on, { ...place, ...(queue === undefined ? {} : { queue }) });
  if (on !== "local") throw studyError(`--on ${on}: expected local or redis://host:6379`);
  if (queue !== undefined) throw studyError("--queue needs --on redis://host:6379");
  return undefined;
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
