import type { Jobs } from "./watch.ts";

/** How long trials may wait before the user is told why. */
const PATIENCE_MS = 4000;
const REMIND_MS = 120_000;

/** Options of {@link notices}. */
interface NoticesOptions {
  say(text: string): void;
  /** The command that starts a worker. */
  readonly worker: string;
}

/** Tells the user why trials wait: there is no worker, or none that takes them. */
export function notices({ say, worker }: NoticesOptions) {
  const here = new Set<string>();
  const told = new Set<string>();
  let idleSince: number | null = null;
  let remindAt = 0;

  const look = (jobs: Jobs): void => {
    const now = performance.now();
    const own = [...here];
    const waits = own.some((job) => jobs.waiting.has(job));
    if (!waits || own.some((job) => jobs.active.has(job))) {
      idleSince = null;
      return;
    }
    idleSince ??= now;
    if (now - idleSince < PATIENCE_MS) return;
    const texts = Object.values(jobs.refusals).filter((text) => !told.has(text));
    for (const text of texts) say(text);
    for (const text of texts) told.add(text);
    if (now < remindAt) return;
    remindAt = now + REMIND_MS;
    if (jobs.workers === 0) say(`The trials wait: no worker is there. On a machine with the same code: ${worker}`);
    else if (Object.keys(jobs.refusals).length === 0) say(`The trials wait: ${busyText(jobs.workers)}.`);
    else if (texts.length === 0) say(`The trials wait: ${Object.values(jobs.refusals).join(" ")}`);
  };

  return {
    /** A trial that may wait. Returns what to call at its end. */
    enter(job: string): () => void {
      here.add(job);
      return () => void here.delete(job);
    },
    look,
  };
}

const busyText = (workers: number): string =>
  workers === 1 ? "the one worker that is there is busy" : `the ${workers} workers that are there are busy`;
