import { hostname } from "node:os";
import { sha256 } from "@sluice/formats";
import { studyError } from "@sluice/study";

/** BullMQ's own keys begin with this. */
export const BULL_PREFIX = "sluice";

/** What is left in Redis by a runner that never comes back goes away after this long. */
export const KEEP_MS = 7 * 24 * 3600 * 1000;

/** The names of everything in Redis that is not BullMQ's. */
export interface Keys {
  /** Hash by job: where a trial runs, and its progress. */
  news(place: string): string;
  /** Hash by job: the first result that came. */
  results(place: string): string;
  /** Hash by job: "stop" or "kill". */
  orders(place: string): string;
  /** Hash by worker: why it does not take trials of this runner. */
  refusals(place: string): string;
  /** Exists while a runner lives. */
  runner(place: string): string;
  /** The parcel from which a trial goes on. */
  saved(job: string): string;
  /** Hash by number: the pieces of a parcel. */
  parcel(id: string): string;
  /** Files and packages of a code, by its hash, so that a worker can say what differs. */
  code(hash: string): string;
  /** Sorted set of workers by the second of their last sign of life, as of Redis' clock. */
  readonly workers: string;
}

/** @throws an error if the queue's name is not plain. */
export function keysOf(queue: string): Keys {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(queue))
    throw studyError(`queue "${queue}": use up to 64 letters, digits, ., - and _, such as gates-of-lstm`);
  const key =
    (kind: string) =>
    (of: string): string =>
      `sluice-trials:${queue}:${kind}:${of}`;
  return {
    news: key("news"),
    results: key("results"),
    orders: key("orders"),
    refusals: key("refusals"),
    runner: key("runner"),
    saved: key("saved"),
    parcel: key("parcel"),
    code: key("code"),
    workers: key("workers")("seen"),
  };
}

/** A runs folder among those of all machines. A runner that starts again has the same one. */
export const placeOf = (folder: string): string => sha256(`${hostname()}\n${folder}`).slice(0, 12);

/** A trial of a runs folder. BullMQ takes a job of the same name only once. */
export const jobOf = (place: string, trial: string): string => `${place}-${trial.slice(0, 24)}`;
