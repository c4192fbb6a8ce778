import { appendFileSync } from "node:fs";
import { seedKey, type PlannedTrial } from "../plan.ts";
import type { SeriesWriter } from "../store/artifact.ts";
import { writeCheckpoint } from "../store/checkpoint.ts";
import { trialFiles } from "../store/files.ts";
import type { Lock } from "../store/lock.ts";
import type { MetricWriter } from "../store/metrics.ts";
import { writeError } from "../store/write.ts";
import type { Progress, Restored, TrialContext } from "../trial.ts";
import { assertHeld } from "./held.ts";

export interface ContextParts {
  readonly trial: PlannedTrial;
  readonly folder: string;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly signal: AbortSignal;
  readonly restored: Restored | null;
  readonly lock: Lock;
  readonly metrics: MetricWriter;
  readonly series: SeriesWriter;
  /** Seconds of work so far, earlier sessions included. */
  seconds(): number;
  report(progress: Progress): void;
  onDiverged(where: { readonly step: number; readonly tensor: string }): void;
}

const REPORT_EVERY = 0.1;

/** The context of a trial, over the files of its folder. */
export function trialContext(parts: ContextParts): TrialContext {
  const { trial, folder, metrics } = parts;
  const files = trialFiles(folder);
  let reportedAt = -1;
  return {
    study: trial.study,
    task: trial.task,
    variant: trial.variant,
    seedIndex: trial.seed,
    seed: seedKey(trial.study, trial.seed),
    config: trial.config,
    threads: parts.threads,
    dataFolder: parts.dataFolder,
    signal: parts.signal,
    restored: parts.restored,
    log: (text) => appendLog(files.log, text),
    metric: (row) => metrics.add(row),
    series: (name, series) => parts.series.write(name, series),
    async checkpoint(step, bytes, state = null) {
      const rows = await metrics.flush();
      assertHeld(parts.lock);
      writeCheckpoint(files.checkpoints, {
        trial: trial.id,
        step,
        bytes,
        state,
        metrics: rows,
        series: parts.series.lines(),
        seconds: parts.seconds(),
      });
    },
    async progress(progress) {
      const now = parts.seconds();
      if (now - reportedAt < REPORT_EVERY && progress.step < progress.steps) return;
      reportedAt = now;
      parts.report(progress);
      // Without a turn of the event loop an abort would wait for the end of a loop that never waits for anything.
      await new Promise((turn) => setImmediate(turn));
    },
    diverged(where) {
      parts.onDiverged(where);
      throw new Error(`diverged at step ${where.step}: ${where.tensor} is not finite`);
    },
  };
}

export function appendLog(path: string, text: string): void {
  try {
    appendFileSync(path, `${new Date().toISOString()} ${text}\n`);
  } catch (error) {
    throw writeError(path, error);
  }
}
