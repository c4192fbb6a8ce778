import type { Thread } from "./spawn.ts";
import { releaseBarrier } from "./worker/release-barrier.ts";

/** Turns of the event loop, a few milliseconds each, within which the reason for a worker's end must arrive. */
const TURNS = 200;

/** Knows whether all workers are there, and ends all waits once one is not. */
export interface Losses {
  /** The barriers of the loaded programs. */
  readonly barriers: Set<Int32Array>;
  /** Rejects when a worker is lost or the pool is closed. */
  readonly end: Promise<never>;
  /** The first error counts. Releases who waits, and ends all workers. */
  lose(error: Error): void;
  /** Whether a worker was lost or the pool was closed. */
  isLost(): boolean;
  /** Throws once a worker was lost or the pool was closed. */
  check(): void;
  /** Whether a worker is known to be gone, without a turn of the event loop. */
  someGone(): boolean;
  /** The reason for a lost worker. It arrives in a later turn of the event loop. */
  loss(): Promise<Error>;
}

export function watchForLosses(team: readonly Thread[]): Losses {
  const barriers = new Set<Int32Array>();
  const { promise: end, reject } = Promise.withResolvers<never>();
  end.catch(() => undefined);
  let lost: Error | undefined;

  function lose(error: Error): void {
    if (lost !== undefined) return;
    lost = error;
    reject(error);
    barriers.forEach(releaseBarrier);
    for (const thread of team) void thread.terminate();
  }

  return {
    barriers,
    end,
    lose,
    isLost: () => lost !== undefined,
    check() {
      if (lost !== undefined) throw lost;
    },
    someGone: () => team.some((thread) => thread.gone()),
    async loss() {
      for (let turn = 0; lost === undefined && turn < TURNS; turn++)
        await new Promise((resolve) => setTimeout(resolve, 5));
      const error = lost ?? lossOf("a worker is gone", undefined);
      lose(error);
      return error;
    },
  };
}

export function lossOf(what: string, cause: unknown): Error {
  return new Error(`wasm: ${what}. Close the backend and make another.`, cause === undefined ? undefined : { cause });
}
