import { dirname } from "node:path";
import { studyError, type Executor } from "@sluice/study";
import { clearArrivals, trialCode, type ChildProcessesOptions } from "@sluice/runner";
import { Queue } from "bullmq";
import { follow } from "./follow.ts";
import { BULL_PREFIX, jobOf, KEEP_MS, keysOf, placeOf } from "./keys.ts";
import { openLine } from "./line.ts";
import { notices } from "./notices.ts";
import { sharedPath, type Desk } from "./submit.ts";
import { watchOf } from "./watch.ts";

/** Options of {@link openQueue}. */
export interface QueueOptions {
  /** Where Redis is: `redis://host:6379`, `redis://user:password@host:6379`, or encrypted `rediss://host:6379`. */
  readonly url: string;
  /** Name of the queue, so that projects do not mix; default "sluice". */
  readonly queue?: string;
  /** Tells the user what the queue waits for; default: nobody is told. */
  say?(text: string): void;
  /** Seconds without Redis after which the trials count as interrupted; default 600. */
  readonly patience?: number;
}

/** A queue on a Redis, for runs whose trials run on workers. */
export interface TrialQueue {
  /** Its address without user and password, and its name: "redis://host:6379, queue sluice". */
  readonly shown: string;
  /** Makes an executor whose trials run on workers. Their folders travel through Redis into the store. */
  executor(given: ChildProcessesOptions): Executor;
  /** Closes the connection. Trials that run go on; another run of the same folder takes their results. */
  close(): Promise<void>;
}

const DEFAULT_PATIENCE = 600;

/**
 * Connects to a queue on Redis. Workers (`startWorker`, or `sluice worker`) take the trials from it.
 *
 * @throws an error that says why there is no connection.
 */
export async function openQueue(options: QueueOptions): Promise<TrialQueue> {
  const { url, queue: name = "sluice", say = () => {}, patience = DEFAULT_PATIENCE } = options;
  const keys = keysOf(name);
  const line = await openLine(url, { say, patience });
  const queue = new Queue(name, { connection: line.redis, prefix: BULL_PREFIX, skipVersionCheck: true });
  // Every call is tried again by the line, which tells the user.
  queue.on("error", () => {});
  const ends: (() => void)[] = [];
  return {
    shown: `${line.address.shown}, queue ${name}`,
    executor({ module, store }) {
      const place = placeOf(store.folder);
      const desk: Desk = { line, queue, keys, place, store, module: sharedPath(module, dirname(module)) };
      const notice = notices({ say, worker: `sluice worker ${line.address.shown}${name === "sluice" ? "" : ` --queue ${name}`}` });
      const watch = watchOf({ line, queue, keys, place, onJobs: notice.look });
      ends.push(() => watch.end());
      let prepared: Promise<void> | null = null;
      const prepare = async (): Promise<void> => {
        clearArrivals(store);
        const { hash, parts } = trialCode(module);
        await line.patiently(() => line.redis.set(keys.code(hash), JSON.stringify(parts), "PX", KEEP_MS));
        await line.patiently(() => line.redis.del(keys.refusals(place)));
      };
      return {
        queues: true,
        async run(trial, task) {
          if (task.store.place !== store.place)
            throw studyError(
              `openQueue: made for the store ${store.place}, but the run uses ${task.store.place}; give both the same folder`,
            );
          const stopped = { status: "interrupted", reason: "stopped by the user", seconds: 0, write: false } as const;
          if (task.signal.aborted || task.kill.aborted) return stopped;
          try {
            await (prepared ??= prepare());
          } catch (error) {
            prepared = null;
            return { ...stopped, reason: error instanceof Error ? error.message : String(error) };
          }
          const job = jobOf(place, trial.id);
          const leave = notice.enter(job);
          return follow({ desk, watch, job, trial, task, say }).finally(leave);
        },
      };
    },
    async close() {
      for (const end of ends) end();
      await queue.close().catch(() => {});
      line.close();
    },
  };
}
