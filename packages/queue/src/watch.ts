import { setTimeout as wait } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { Keys } from "./keys.ts";
import type { Line } from "./line.ts";
import { answered } from "./parcels.ts";

/** What Redis knows about the trials of a runs folder, as of one moment. */
export interface Sight {
  readonly news: Readonly<Record<string, string>>;
  readonly results: Readonly<Record<string, string>>;
  /** The jobs by state. They are looked at less often than the rest. */
  readonly jobs: Jobs;
}

/** The jobs of a queue. `number` counts the looks, so that a job is not missed that was added after the last. */
export interface Jobs {
  readonly number: number;
  readonly waiting: ReadonlySet<string>;
  readonly active: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly workers: number;
  /** By worker, why it does not take trials of this runs folder. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** Looks at Redis from time to time, for all trials of a runs folder at once. */
export interface Watch {
  /** Resolves with the next sight. @throws an error if Redis is gone for too long. */
  next(): Promise<Sight>;
  /** Number of the last look at the jobs. */
  looked(): number;
  end(): void;
}

/** How often it looks at news and results. */
const LOOK_MS = 100;
const JOBS_MS = 1000;
/** How long a runner counts as alive without a sign of life. */
const RUNNER_MS = 20_000;
/** How long a worker counts as there without a sign of life, in seconds. */
const WORKER_S = 15;

/** What a watch looks at. */
export interface WatchOptions {
  readonly line: Line;
  readonly queue: Queue;
  readonly keys: Keys;
  readonly place: string;
  /** Called after each look at the jobs. */
  onJobs(jobs: Jobs): void;
}

/** Starts to look when somebody asks, and rests while nobody does. */
export function watchOf(options: WatchOptions): Watch {
  let jobs: Jobs = nothing;
  let looking: Promise<Sight> | null = null;
  let jobsAt = 0;
  let ended = false;
  const look = async (): Promise<Sight> => {
    await wait(LOOK_MS);
    if (ended) throw new Error("the queue is closed");
    const { line } = options;
    if (performance.now() - jobsAt > JOBS_MS) {
      // Jobs first: a worker writes a result before its job goes away.
      const found = await line.patiently(() => jobsOf(options));
      jobs = { ...found, number: jobs.number + 1 };
      jobsAt = performance.now();
      options.onJobs(jobs);
    }
    return { ...(await line.patiently(() => newsOf(options))), jobs };
  };
  return {
    next: () =>
      (looking ??= look().finally(() => {
        looking = null;
      })),
    looked: () => jobs.number,
    end: () => void (ended = true),
  };
}

const nothing: Jobs = {
  number: 0,
  waiting: new Set(),
  active: new Set(),
  failed: new Set(),
  workers: 0,
  refusals: {},
};

async function newsOf({ line, keys, place }: WatchOptions): Promise<Omit<Sight, "jobs">> {
  const replies = answered(
    await line.redis
      .pipeline()
      .set(keys.runner(place), "alive", "PX", RUNNER_MS)
      .hgetall(keys.news(place))
      .hgetall(keys.results(place))
      .exec(),
  );
  return { news: texts(replies[1]), results: texts(replies[2]) };
}

async function jobsOf({ line: { redis }, queue, keys, place }: WatchOptions): Promise<Omit<Jobs, "number">> {
  const waiting = await queue.getRanges(["wait", "delayed", "prioritized"], 0, -1);
  // A job that starts between the two calls is in both, not in neither.
  const active = await queue.getRanges(["active"], 0, -1);
  const failed = await queue.getRanges(["failed"], 0, -1);
  const [seconds] = await redis.time();
  const workers = await redis.zcount(keys.workers, Number(seconds) - WORKER_S, "+inf");
  const refusals = texts(await redis.hgetall(keys.refusals(place)));
  return {
    waiting: new Set(waiting),
    active: new Set(active),
    failed: new Set(failed),
    workers,
    refusals,
  };
}

/** A hash as Redis gives it. */
function texts(reply: unknown): Record<string, string> {
  if (typeof reply !== "object" || reply === null) return {};
  return Object.fromEntries(
    Object.entries(reply).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
  );
}
