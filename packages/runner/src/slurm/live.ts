import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isMainThread } from "node:worker_threads";
import { z } from "zod";
import type { Progress, Stop } from "@sluice/study";
import type { ProcessName } from "../folder/process.ts";

/**
 * `live.json` in the folder of a trial: what its process tells the runner while it runs. How the trial ended is in
 * `result.json`; this file only says it if that one could not be written.
 */
export interface Live {
  /** The session: job, element and number of its start, such as `12_3.0`. */
  readonly session: string;
  /** The process, which holds the lock of the folder. */
  readonly process: ProcessName;
  /** The step from which it resumed. */
  readonly resumed?: number | undefined;
  readonly progress?: Progress | undefined;
  /** Why there is no result. */
  readonly broken?: (Stop & { readonly write: boolean }) | undefined;
}

const given = z.number().nullish();

// JSON has no NaN: a loss that is not a number is null, and is left out.
const progressSchema = z
  .object({
    step: z.number(),
    steps: z.number(),
    loss: given,
    accuracy: given,
    gradientNorm: given,
    examplesPerSecond: given,
  })
  .transform(({ step, steps, loss, accuracy, gradientNorm, examplesPerSecond }): Progress => ({
    step,
    steps,
    ...(typeof loss === "number" && { loss }),
    ...(typeof accuracy === "number" && { accuracy }),
    ...(typeof gradientNorm === "number" && { gradientNorm }),
    ...(typeof examplesPerSecond === "number" && { examplesPerSecond }),
  }));

const schema = z.object({
  session: z.string(),
  process: z.object({
    pid: z.number(),
    host: z.string(),
    machine: z.string().nullable(),
    started: z.string().nullable(),
  }),
  resumed: z.number().optional(),
  progress: progressSchema.optional(),
  broken: z.object({ status: z.enum(["interrupted", "failed"]), reason: z.string(), write: z.boolean() }).optional(),
});

/** Writes what the process tells, at most once in this time. */
const EVERY_MS = 500;

/** Tells the runner about a trial. */
export interface LiveWriter {
  tell(what: Partial<Live>): void;
  /** Writes what has not been written. */
  flush(): void;
}

export function liveWriter(path: string, start: Pick<Live, "session" | "process">): LiveWriter {
  let live: Live = start;
  let timer: NodeJS.Timeout | undefined;
  let wroteAt = -Infinity;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    wroteAt = performance.now();
    writeLive(path, live);
  };
  return {
    tell(what) {
      live = { ...live, ...what };
      if (timer !== undefined) return;
      const wait = wroteAt + EVERY_MS - performance.now();
      if (wait <= 0) write();
      else timer = setTimeout(write, wait).unref();
    },
    flush() {
      if (timer !== undefined) write();
    },
  };
}

/** Replaces the file. Losing it loses no result, so nothing waits for the disk, and no error reaches the trial. */
export function writeLive(path: string, live: Live): void {
  const draft = `${path}.${process.pid}${isMainThread ? "" : "-thread"}.draft`;
  try {
    writeFileSync(draft, JSON.stringify(live));
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}

/** What the process of a trial told last; `null` if there is nothing, or nothing of this element of a job array. */
export function readLive(path: string, element: string): Live | null {
  try {
    // Looking into the folder makes a shared file system ask for the news.
    readdirSync(dirname(path));
    const checked = schema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return checked.success && checked.data.session.startsWith(`${element}.`) ? checked.data : null;
  } catch {
    return null;
  }
}
