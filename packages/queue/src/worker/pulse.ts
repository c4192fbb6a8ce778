/** The heartbeat of a worker: tells runners how its trials stand, and hears what they ask for. */
import { setTimeout as wait } from "node:timers/promises";
import type { Progress } from "@sluice/study";
import { KEEP_MS, type Keys } from "../keys.ts";
import type { Line } from "../line.ts";
import type { News } from "../messages.ts";
import { answered } from "../parcels.ts";

/** A trial that runs here. */
export interface Running {
  readonly job: string;
  readonly place: string;
  /** What is new since the last beat. */
  news: News;
  /** Called with an order of the runner, again and again. */
  onOrder(order: "stop" | "kill"): void;
  /** Called if another worker has finished the trial. */
  onFinishedElsewhere(): void;
}

const BEAT_MS = 100;
const SEEN_MS = 4000;

export interface Pulse {
  readonly running: Set<Running>;
  end(): void;
}

/** Starts the heartbeat. It beats until `end`. */
export function pulseOf({
  line,
  keys,
  name,
}: {
  readonly line: Line;
  readonly keys: Keys;
  readonly name: string;
}): Pulse {
  const running = new Set<Running>();
  const told = new WeakMap<Running, News>();
  let seenAt = 0;
  let ended = false;
  const beat = async (): Promise<void> => {
    const { redis } = line;
    if (performance.now() - seenAt > SEEN_MS) {
      const [seconds] = await redis.time();
      await redis.zadd(keys.workers, Number(seconds), name);
      await redis.zremrangebyscore(keys.workers, 0, Number(seconds) - 3600);
      seenAt = performance.now();
    }
    for (const trial of running) {
      const { job, place, news } = trial;
      const step = redis.pipeline().hget(keys.orders(place), job).hexists(keys.results(place), job);
      if (told.get(trial) !== news)
        step.hset(keys.news(place), job, JSON.stringify(news)).pexpire(keys.news(place), KEEP_MS);
      const [order, finished] = answered(await step.exec());
      told.set(trial, news);
      if (!running.has(trial)) continue;
      if (finished === 1) trial.onFinishedElsewhere();
      else if (order === "stop" || order === "kill") trial.onOrder(order);
    }
  };
  const loop = async (): Promise<void> => {
    while (!ended) {
      await line.patiently(beat).catch(() => {});
      await wait(BEAT_MS);
    }
  };
  void loop();
  return {
    running,
    end() {
      ended = true;
      void line.redis.zrem(keys.workers, name).catch(() => {});
    },
  };
}

/** Progress as JSON writes it. */
export const storedProgress = (progress: Progress): NonNullable<News["progress"]> => ({ ...progress });
