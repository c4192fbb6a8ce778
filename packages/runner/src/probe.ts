import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  extrapolated,
  secondsOf,
  type MeasuredTrial,
  type PlannedTrial,
  type Seconds,
  type Signal,
  type TimedProgress,
} from "@sluice/study";
import { childProcesses } from "./child/child-processes.ts";
import { folderStore, type FolderStore } from "./folder/folder-store.ts";
import type { PreparedRun } from "./prepare.ts";

/** Options of {@link probeTrials}. */
export interface ProbeOptions {
  /** Seconds of steps of each probed trial. Default 5. */
  readonly seconds?: number;
  /** Stops the probing; what was measured until then is returned. */
  readonly signal?: Signal;
}

/** A probe that measured nothing, and why. */
export interface FailedProbe {
  readonly task: string;
  readonly variant: string;
  readonly reason: string;
}

/** Until a trial has made its first steps, it may load data and compile. Beyond this it is not waited for, in seconds. */
const LONGEST = 120;

/**
 * Measures how long the trials of a run take: it runs the first steps of a trial of each task and variant, under the
 * run's conditions: with as many threads, and as many at a time. Each is extrapolated to all its steps, and one that
 * ends has its whole time. What they write goes into a folder that is removed; the run's folder stays as it is.
 */
export async function probeTrials(
  run: PreparedRun,
  { seconds = 5, signal }: ProbeOptions = {},
): Promise<{ readonly measured: readonly MeasuredTrial[]; readonly failed: readonly FailedProbe[] }> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-probe-"));
  const store = folderStore(folder);
  const queue = [...probedTrials(run)];
  const measured: MeasuredTrial[] = [];
  const failed: FailedProbe[] = [];
  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined && signal?.aborted !== true; trial = queue.shift()) {
      const { task, variant } = trial;
      const found = await probe(trial, { run, store, seconds, signal: signal ?? null });
      if (typeof found === "string") failed.push({ task, variant, reason: found });
      else measured.push({ task, variant, seconds: found });
    }
  };
  try {
    await Promise.all(Array.from({ length: run.jobs }, work));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { measured, failed };
}

/** A trial of each task and variant and, if not all places of the run are taken then, more of them. */
function probedTrials({ pending, jobs }: PreparedRun): readonly PlannedTrial[] {
  const rounds = new Map<string, number>();
  const numbered = pending.map((trial) => {
    const cell = JSON.stringify([trial.task, trial.variant]);
    const round = rounds.get(cell) ?? 0;
    rounds.set(cell, round + 1);
    return { trial, round };
  });
  return numbered
    .toSorted((a, b) => a.round - b.round)
    .slice(0, Math.max(rounds.size, Math.min(jobs, pending.length)))
    .map(({ trial }) => trial);
}

interface Probing {
  readonly run: PreparedRun;
  readonly store: FolderStore;
  readonly seconds: number;
  readonly signal: Signal | null;
}

/** The seconds of a trial, or why they cannot be told. */
async function probe(trial: PlannedTrial, { run, store, seconds, signal }: Probing): Promise<Seconds | string> {
  const { study, module, threads, dataFolder, environment } = run;
  const began = performance.now();
  const at = (): number => (performance.now() - began) / 1000;
  const progress: TimedProgress[] = [];
  const enough = new AbortController();
  const stop = (): void => enough.abort();
  const timer = setTimeout(stop, LONGEST * 1000);
  signal?.addEventListener("abort", stop);
  try {
    // A probe is killed: nobody needs what it would write at its end.
    const ending = await childProcesses({ module, store }).run(trial, {
      ...{ study, store, threads, dataFolder, environment, changes: "", limit: null, memory: null },
      signal: new AbortController().signal,
      kill: enough.signal,
      onResumed() {},
      onProgress({ step, steps }) {
        progress.push({ step, steps, at: at() });
        const [first] = progress;
        if (first !== undefined && step > first.step && at() - first.at >= seconds) stop();
      },
    });
    const whole = at();
    const { status, reason } = await store.readTrial(trial);
    if (status === "done") return secondsOf([whole]);
    if (!enough.signal.aborted)
      return status === "interrupted" ? (ending?.reason ?? status) : `it ${status}: ${reason?.split("\n")[0] ?? ""}`;
    return extrapolated(progress) ?? `it reported fewer than two steps within ${Math.round(whole)} s`;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
