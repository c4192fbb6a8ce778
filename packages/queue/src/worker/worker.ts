import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { messageOf, type PlannedTrial, type Progress, type TrialRecord } from "@sluice/study";
import { projectRoot } from "@sluice/runner";
import { DelayedError, WaitingError, Worker, type Job as QueuedJob } from "bullmq";
import { patientConnection, type Connection } from "../connection.ts";
import { BULL_PREFIX, KEEP_MS, keysOf } from "../keys.ts";
import { openLine } from "../line.ts";
import { readJob, readParts, type Job } from "../messages.ts";
import { answered } from "../parcels.ts";
import { closed } from "./closed.ts";
import { pulseOf } from "./pulse.ts";
import { checkerOf, workerName } from "./refusal.ts";
import { handResult, runJob, type Bench } from "./run-job.ts";
import { scratchFolder, type Scratch } from "./scratch.ts";

/** Something that happens on a worker, for its terminal. */
export type WorkerEvent =
  | { readonly kind: "started"; readonly trial: PlannedTrial; readonly from: string }
  | { readonly kind: "resumed"; readonly trial: PlannedTrial; readonly step: number }
  | { readonly kind: "progress"; readonly trial: PlannedTrial; readonly progress: Progress }
  /** It has a result. If `first` is false, another worker's result came before. */
  | { readonly kind: "ended"; readonly trial: PlannedTrial; readonly record: TrialRecord; readonly first: boolean }
  /** It goes back to the queue, and why. */
  | { readonly kind: "returned"; readonly trial: PlannedTrial; readonly reason: string };

/** Options of {@link startWorker}. */
export interface WorkerOptions {
  /** Where Redis is, as for `redisWorkers`. */
  readonly url: string;
  /** Name of the queue; default "sluice". */
  readonly queue?: string;
  /** A folder in the checkout or project whose studies it runs; default: the working directory. */
  readonly folder?: string;
  /** Trials at a time; default 1. */
  readonly parallel?: number;
  /** Threads per trial; default: cores / `parallel`. */
  readonly threads?: number;
  /** Folder with data sets that are not npm packages; default: none. */
  readonly dataFolder?: string;
  /** Folder for the trials while they run; default: the system's folder for temporary files. */
  readonly scratch?: string;
  /** Seconds after which a worker that is silent counts as dead, and its trials go to others; default 15. */
  readonly silence?: number;
  /** Seconds between the checkpoints that a running trial sends to Redis; default 10. */
  readonly checkpoints?: number;
  /** Tells the user about Redis, refused trials and errors. */
  say?(text: string): void;
  /** Called when a trial starts, makes progress or ends. */
  onEvent?(event: WorkerEvent): void;
}

/** A worker that takes trials from a queue. */
export interface TrialWorker {
  readonly name: string;
  /** Its address without user and password, and its queue. */
  readonly shown: string;
  /** The checkout or project whose studies it runs. */
  readonly root: string;
  readonly parallel: number;
  readonly threads: number;
  /** How many trials it has at this moment: those that run, and those that it looks at. */
  running(): number;
  /** Takes no more trials; those that run write a checkpoint and go back to the queue. Resolves when all have. */
  stop(): Promise<void>;
  /** Kills the trials that run. */
  kill(): void;
}

/** A job that a worker does not take rests this long before the next worker looks at it. */
const REFUSED_MS = 1500;
/** A trial whose workers die again and again is given up after so many. */
const DEATHS = 10;

/**
 * Connects to a queue and runs its trials, each in a process of its own. It runs only trials whose code and data are
 * those of its own checkout.
 *
 * @throws an error that says why there is no connection.
 */
export async function startWorker(options: WorkerOptions): Promise<TrialWorker> {
  const { queue = "sluice", folder = process.cwd(), parallel = 1, silence = 15, checkpoints = 10 } = options;
  const say = (text: string): void => options.say?.(text);
  const keys = keysOf(queue);
  let renew = (): void => {};
  const line = await openLine(options.url, { say, onSilence: () => renew() });
  const name = workerName();
  const pulse = pulseOf({ line, keys, name });
  const [stopping, killing] = [new AbortController(), new AbortController()];
  const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / parallel));
  const root = projectRoot(folder);
  const dataFolder = options.dataFolder === undefined ? null : resolve(options.dataFolder);
  const bench: Bench = {
    line,
    keys,
    pulse,
    name,
    threads,
    dataFolder,
    checkpoints,
    stop: stopping.signal,
    kill: killing.signal,
  };
  const check = checkerOf({
    root,
    dataFolder,
    async partsOf(hash) {
      const text = await line.patiently(() => line.redis.get(keys.code(hash)));
      return text === null ? null : readParts(text);
    },
  });
  const scratch = scratchFolder(options.scratch);
  const connection = patientConnection(line.address);
  renew = connection.renew;
  const onEvent = (event: WorkerEvent): void => options.onEvent?.(event);
  const processing: Processing = { bench, check, scratch, busy: new Set(), say, onEvent };
  const worker = bullWorker(processing, { queue, connection, parallel, silence });
  return {
    name,
    shown: `${line.address.shown}, queue ${queue}`,
    root,
    parallel,
    threads,
    running: () => processing.busy.size,
    async stop() {
      stopping.abort();
      await closed(worker, { line, kill: killing.signal, busy: processing.busy });
      killing.abort();
      pulse.end();
      line.close();
      connection.close();
      scratch.end();
    },
    kill: () => killing.abort(),
  };
}

interface BullOptions extends Required<Pick<WorkerOptions, "queue" | "parallel" | "silence">> {
  readonly connection: Connection;
}

function bullWorker(processing: Processing, { queue, connection, parallel, silence }: BullOptions): Worker {
  const worker = new Worker(queue, processorOf(processing), {
    connection: connection.redis,
    prefix: BULL_PREFIX,
    name: processing.bench.name,
    concurrency: parallel,
    lockDuration: silence * 1000,
    stalledInterval: silence * 400,
    maxStalledCount: DEATHS,
    runRetryDelay: 1000,
    skipVersionCheck: true,
  });
  // The line tells about Redis. A job that was given to another worker in the meantime is no error: the first result
  // counts.
  worker.on("error", () => {});
  return worker;
}

interface Processing {
  readonly bench: Bench;
  readonly check: ReturnType<typeof checkerOf>;
  readonly scratch: Scratch;
  /** The jobs that it has. */
  readonly busy: Set<string>;
  say(text: string): void;
  onEvent(event: WorkerEvent): void;
}

/** What BullMQ calls for a job. It never throws because of what a trial does. */
function processorOf(processing: Processing) {
  const refused = new Set<string>();
  const process = async ({ queued, token }: Pick<Taken, "queued" | "token">, job: string): Promise<void> => {
    const data = readJob(queued.data);
    const { bench, check } = processing;
    if (!(await isWanted(bench, job, data))) return;
    const { module, why } = await check(data);
    if (why === null) return runAndTell(processing, { queued, token, job, data, module });
    const text = `${bench.name} does not take trials of ${data.module}: ${why}.`;
    if (!refused.has(text)) processing.say(text);
    refused.add(text);
    await refuse(processing, { queued, token, data, text });
  };
  return async (queued: QueuedJob, token?: string): Promise<void> => {
    const job = queued.id ?? "";
    processing.busy.add(job);
    try {
      await process({ queued, token }, job);
    } finally {
      processing.busy.delete(job);
    }
  };
}

interface Taken {
  readonly queued: QueuedJob;
  readonly token: string | undefined;
  readonly job: string;
  readonly data: Job;
  readonly module: string;
}

/** Whether anybody waits for a trial. One that is to stop, and that nobody has begun, ends here. */
async function isWanted({ line, keys, name, stop }: Bench, job: string, { place }: Job): Promise<boolean> {
  const [runner, order, finished] = await line.patiently(
    async () =>
      answered(
        await line.redis
          .pipeline()
          .exists(keys.runner(place))
          .hget(keys.orders(place), job)
          .hexists(keys.results(place), job)
          .exec(),
      ),
    stop,
  );
  // A runner that comes back puts it into the queue again.
  if (runner === 0 || finished === 1) return false;
  if (order !== "stop" && order !== "kill") return true;
  const nothing = { worker: name, resumed: null, progress: null, parcel: null };
  await handResult(
    { line, keys },
    { job, place },
    { ...nothing, status: "interrupted", reason: "stopped by the user before it started" },
  );
  return false;
}

/** Leaves a job for another worker, and tells its runner why. */
async function refuse(
  { bench: { line, keys, name, stop } }: Processing,
  { queued, token, data, text }: Omit<Taken, "job" | "module"> & { readonly text: string },
): Promise<never> {
  const key = keys.refusals(data.place);
  await line.patiently(async () => {
    answered(await line.redis.multi().hset(key, name, text).pexpire(key, KEEP_MS).exec());
    await queued.moveToDelayed(Date.now() + REFUSED_MS, token);
  }, stop);
  throw new DelayedError();
}

async function runAndTell(processing: Processing, taken: Taken): Promise<void> {
  const { bench, scratch, onEvent } = processing;
  const { queued, token, job, data, module } = taken;
  const { trial } = data;
  const folder = scratch.newFolder();
  onEvent({ kind: "started", trial, from: data.from });
  const end = await runJob(
    bench,
    { job, data, module, folder },
    {
      onResumed: (step) => onEvent({ kind: "resumed", trial, step }),
      onProgress: (progress) => onEvent({ kind: "progress", trial, progress }),
      onNote: (text) => processing.say(`${trial.folder}: ${text}`),
    },
  )
    .catch((error: unknown) => ({ kind: "broken", reason: messageOf(error) }) as const)
    .finally(() => scratch.remove(folder));
  if (end.kind === "finished") return onEvent({ kind: "ended", trial, record: end.record, first: end.first });
  if (end.kind === "returned") {
    onEvent({ kind: "returned", trial, reason: `this worker stops; the next goes on from step ${end.step}` });
    await bench.line.patiently(() => queued.moveToWait(token), bench.kill);
    throw new WaitingError();
  }
  onEvent({ kind: "returned", trial, reason: end.reason });
  const text = `${bench.name} could not run a trial of ${data.module}: ${end.reason}.`;
  return refuse(processing, { queued, token, data, text });
}
