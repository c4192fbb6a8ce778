import { setTimeout as wait } from "node:timers/promises";
import { formatSeconds, messageOf, studyError } from "@sluice/study";
import type { Redis } from "ioredis";
import { redisAddress, type RedisAddress } from "./address.ts";
import { connect, whyGone } from "./connection.ts";

/** What work that waits for Redis looks at: the signal of a run or of a worker. */
export type Stoppable = { readonly aborted: boolean };

/** A connection to Redis that bears with it: what fails because Redis is gone is tried again. */
export interface Line {
  readonly address: RedisAddress;
  readonly redis: Redis;
  /**
   * Does something with Redis, again and again if Redis is gone. It must do no harm to do it twice.
   *
   * @throws the error of the work if that is not about the connection, and an error if Redis stays away for longer than
   * the line's patience, or until `signal` is aborted.
   */
  patiently<T>(work: () => Promise<T>, signal?: Stoppable): Promise<T>;
  /** Whether there is no connection at this moment. */
  isDown(): boolean;
  close(): void;
}

/** Options of {@link openLine}. */
export interface LineOptions {
  /** Tells the user that Redis is gone or back. */
  say(text: string): void;
  /** Seconds without Redis after which work is given up; default: never. */
  readonly patience?: number;
  /** Called if Redis says nothing though the connection looks open. */
  onSilence?(): void;
}

const AGAIN_MS = 300;
/** Shorter outages are not worth a word. */
const SILENT_MS = 2000;
const REMIND_MS = 60_000;
const RENEW_MS = 5000;

/** Opens a connection. @throws an error that says why there is none. */
export async function openLine(url: string, { say, patience = Infinity, onSilence }: LineOptions): Promise<Line> {
  const address = redisAddress(url);
  const connection = await connect(address);
  const { redis } = connection;
  const outage = outageOf(address, say);
  let [closed, renewedAt] = [false, 0];
  return {
    address,
    redis,
    async patiently(work, signal) {
      for (;;) {
        try {
          // A command would wait for the connection; it is better to say that there is none.
          if (redis.status !== "ready") throw connection.last();
          const result = await work();
          outage.over();
          return result;
        } catch (error) {
          if (closed) throw studyError(`${address.shown}: the connection is closed`, error);
          if (redis.status === "ready" && !isOutage(error)) throw error;
          const seconds = outage.noted(error);
          // Many commands may time out at once.
          const isSilent = redis.status === "ready" && /timed out/.test(messageOf(error));
          if (isSilent && performance.now() - renewedAt > RENEW_MS) {
            renewedAt = performance.now();
            connection.renew();
            onSilence?.();
          }
          if (signal?.aborted === true) throw givenUp(address, error, "and the trials are to stop");
          if (seconds > patience) throw givenUp(address, error, `for ${formatSeconds(seconds)}`);
          await wait(AGAIN_MS);
        }
      }
    },
    isDown: () => redis.status !== "ready" || outage.isOn(),
    close() {
      closed = true;
      connection.close();
    },
  };
}

const givenUp = ({ shown }: RedisAddress, error: unknown, what: string): Error =>
  studyError(`${shown}: Redis is gone, ${what}: ${whyGone(error)}`, error);

/** When Redis went away, and what the user was told about it. */
function outageOf({ shown }: RedisAddress, say: LineOptions["say"]) {
  let since: number | null = null;
  let told = 0;
  return {
    /** Seconds since Redis went away. */
    noted(error: unknown): number {
      const now = performance.now();
      since ??= now;
      const gone = now - since;
      if (told === 0 ? gone > SILENT_MS : now - told > REMIND_MS) {
        const how = told === 0 ? "is gone" : `has been gone for ${formatSeconds(gone / 1000)}`;
        say(`Redis at ${shown} ${how}: ${whyGone(error)}. Trials that run go on; trying to connect again.`);
        told = now;
      }
      return gone / 1000;
    },
    isOn: () => since !== null,
    over(): void {
      if (since !== null && told !== 0)
        say(`Redis at ${shown} is back after ${formatSeconds((performance.now() - since) / 1000)}.`);
      since = null;
      told = 0;
    },
  };
}

/** Answers of a Redis that cannot do its work for now. */
const FOR_NOW = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF)\b/;

/** Whether an error says that Redis is gone or cannot work for now, rather than that something is wrong with the work. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === "StudyError") return false;
  if (error.name === "ReplyError") return FOR_NOW.test(error.message);
  // Errors of files have a path.
  if ("path" in error) return false;
  return /connection|timed out|timeout|ECONN|EPIPE|EHOST|ENET|ENOTFOUND|EAI_AGAIN|socket|stream|retries/i.test(
    `${messageOf(error)} ${"code" in error ? String(error.code) : ""}`,
  );
}
