import { dirname } from "node:path";
import { messageOf, studyError, type Executor, type TrialTask } from "@sluice/study";
import { clearArrivals, trialCode, type ChildProcessesOptions } from "@sluice/runner";
import { Queue } from "bullmq";
import { redisAddress } from "./address.ts";
import { follow } from "./follow.ts";
import { BULL_PREFIX, jobOf, KEEP_MS, keysOf, placeOf } from "./keys.ts";
import { openLine } from "./line.ts";
import { notices } from "./notices.ts";
import { sharedPath, type Desk } from "./submit.ts";
import { watchOf, type Watch } from "./watch.ts";

/** Options of {@link redisWorkers}. */
export interface RedisWorkersOptions extends ChildProcessesOptions {
  /** Where Redis is: `redis://host:6379`, `redis://user:password@host:6379`, or encrypted `rediss://host:6379`. */
  readonly url: string;
  /** Name of the queue, so that projects do not mix; default "sluice". */
  readonly queue?: string;
  /** Seconds without Redis after which the trials count as interrupted; default 600. */
  readonly patience?: number;
}

const DEFAULT_PATIENCE = 600;

/** A run's place in a queue, while it is open. */
interface Open {
  readonly desk: Desk;
  readonly watch: Watch;
  readonly notice: ReturnType<typeof notices>;
  say(text: string): void;
  close(): Promise<void>;
}

/**
 * Runs each trial on a worker (`startWorker`, or `sluice worker`), which takes it from a BullMQ queue on Redis. The
 * trial's folder travels through Redis into the store, so the machines need no folder in common. Trials of a run that
 * was killed are taken over by the next run of the same folder on the same machine.
 *
 * @throws an error for an address, a name of a queue or a module that workers could not use.
 */
export function redisWorkers(options: RedisWorkersOptions): Executor {
  const { url, queue = "sluice", module, store } = options;
  // Errors of the user are told before anything starts.
  redisAddress(url);
  keysOf(queue);
  sharedPath(module, dirname(module));
  let open: Open | null = null;
  return {
    queues: true,
    takesAll: true,
    async open({ say }) {
      open = await opened(options, say);
    },
    async close() {
      const closing = open;
      open = null;
      await closing?.close();
    },
    async run(trial, task) {
      if (task.store.place !== store.place)
        throw studyError(
          `redisWorkers: made for the store ${store.place}, but the run uses ${task.store.place}; give both the same folder`,
        );
      if (task.signal.aborted || task.kill.aborted)
        return { status: "interrupted", reason: "stopped by the user", seconds: 0, write: false };
      if (open === null) throw studyError("redisWorkers: call open before the first trial, as runStudy does");
      return ran(open, trial, task);
    },
  };
}

async function ran({ desk, watch, notice, say }: Open, trial: Parameters<Executor["run"]>[0], task: TrialTask) {
  const job = jobOf(desk.place, trial.id);
  const leave = notice.enter(job);
  try {
    return await follow({ desk, watch, job, trial, task, say });
  } finally {
    leave();
  }
}

async function opened(options: RedisWorkersOptions, say: (text: string) => void): Promise<Open> {
  const { url, queue: name = "sluice", patience = DEFAULT_PATIENCE, module, store } = options;
  const keys = keysOf(name);
  const line = await openLine(url, { say, patience });
  const place = placeOf(store.folder);
  try {
    clearArrivals(store);
    const { hash, parts } = trialCode(module);
    await line.patiently(async () => {
      await line.redis.set(keys.code(hash), JSON.stringify(parts), "PX", KEEP_MS);
      await line.redis.del(keys.refusals(place));
    });
  } catch (error) {
    line.close();
    throw studyError(`${line.address.shown}: ${messageOf(error)}`, error);
  }
  const queue = new Queue(name, { connection: line.redis, prefix: BULL_PREFIX, skipVersionCheck: true });
  // Every call is tried again by the line, which tells the user.
  queue.on("error", () => {});
  const desk: Desk = { line, queue, keys, place, store, module: sharedPath(module, dirname(module)) };
  const worker = `sluice worker ${line.address.shown}${name === "sluice" ? "" : ` --queue ${name}`}`;
  const notice = notices({ say, worker });
  const watch = watchOf({ line, queue, keys, place, onJobs: notice.look });
  return {
    desk,
    watch,
    notice,
    say,
    async close() {
      watch.end();
      // Workers need not begin what nobody waits for.
      if (!line.isDown()) await line.redis.del(keys.runner(place)).catch(() => {});
      await queue.close().catch(() => {});
      line.close();
    },
  };
}
