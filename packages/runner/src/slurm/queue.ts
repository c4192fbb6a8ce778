import { messageOf } from "@sluice/study";
import type { SlurmCommands } from "./commands.ts";
import { seenElement, type SeenJob } from "./job-state.ts";

/** What Slurm says about the jobs of a run. One `squeue` asks about all of them. */
export interface JobQueue {
  /**
   * How an element of a job array stands; `null` if Slurm does not know it any more, and `UNKNOWN` if Slurm has not
   * answered yet.
   *
   * @param fresh milliseconds that the answer may be old.
   * @throws an error once Slurm has not answered for too long.
   */
  stateOf(job: string, index: number, fresh: number): Promise<SeenJob | null>;
}

/** Milliseconds after which a Slurm that does not answer counts as gone. Its controller may be restarted meanwhile. */
const PATIENCE_MS = 600_000;

/** Milliseconds from one question about young jobs to the next. They grow with the age of the jobs. */
const YOUNG_MS = 1000;

export function jobQueue(commands: Pick<SlurmCommands, "states">): JobQueue {
  const jobs = new Set<string>();
  let seen: ReadonlyMap<string, SeenJob> = new Map();
  /** The jobs that Slurm has said something about. */
  let known: ReadonlySet<string> = new Set();
  let askedAt = -Infinity;
  let answeredAt = performance.now();
  let asking: Promise<void> | undefined;
  let addedAt = -Infinity;

  const ask = async (): Promise<void> => {
    askedAt = performance.now();
    const all = [...jobs];
    try {
      seen = await commands.states(all);
      known = new Set(all);
      answeredAt = performance.now();
    } catch (error) {
      if (performance.now() - answeredAt > PATIENCE_MS)
        throw new Error(`Slurm has not answered for ${PATIENCE_MS / 60_000} min: ${messageOf(error)}`, {
          cause: error,
        });
    } finally {
      asking = undefined;
    }
  };

  return {
    async stateOf(job, index, fresh) {
      if (!jobs.has(job)) {
        await asking;
        jobs.add(job);
        askedAt = -Infinity;
        addedAt = performance.now();
      }
      const now = performance.now();
      // Young jobs have more news: short trials need not wait long for theirs.
      if (now - askedAt > Math.min(fresh, Math.max(YOUNG_MS, (now - addedAt) / 10))) asking ??= ask();
      await asking;
      return known.has(job) ? seenElement(seen, job, index) : { state: "UNKNOWN", reason: "" };
    },
  };
}
