import { setTimeout as wait } from "node:timers/promises";
import { messageOf, studyError } from "../error.ts";
import { loadStudy } from "../load.ts";
import { seriesWriter, type SeriesWriter } from "../store/artifact.ts";
import { readCheckpoint, type StoredCheckpoint } from "../store/checkpoint.ts";
import { noteEnvironment } from "../store/environment.ts";
import { trialFiles } from "../store/files.ts";
import { BEAT_MS, takeLock, type Lock } from "../store/lock.ts";
import { metricWriter, NO_METRICS, readSealedMetrics, rewindMetrics, type MetricsStart } from "../store/metrics.ts";
import { summarise, type TrialResult } from "../store/result.ts";
import { writeSealed } from "../store/seal.ts";
import { isDiskFailure } from "../store/write.ts";
import type { Study } from "../study.ts";
import type { TrialOutcome } from "../trial.ts";
import { appendLog, trialContext } from "./context.ts";
import { assertHeld } from "./held.ts";
import type { FromTrial, Stop, TrialStart } from "./messages.ts";

export interface TrialControl {
  /** Aborted with a `Stop` as the reason's `stop`. */
  readonly signal: AbortSignal;
  send(message: FromTrial): void;
}

const LOCK_WAIT_MS = 10_000;

/** The reason of an abort that stops a trial. */
export function stopping(stop: Stop): Error {
  return Object.assign(new Error(stop.reason), { name: "AbortError", stop });
}

/**
 * Runs a trial in this process and leaves its result in its folder. Nothing is written before the folder's lock is
 * held.
 *
 * @throws if the folder belongs to another process, or if the disk fails and there can be no result.
 */
export async function runTrial(start: TrialStart, control: TrialControl): Promise<void> {
  const lock = await lockOf(start.folder, control.signal);
  const beat = setInterval(() => lock.beat(), BEAT_MS);
  try {
    await runLocked(start, control, lock);
  } finally {
    clearInterval(beat);
    lock.release();
  }
}

async function lockOf(folder: string, signal: AbortSignal): Promise<Lock> {
  const { lock: path } = trialFiles(folder);
  // After a killed runner its trials need a moment to notice and to write their checkpoints.
  for (let waited = 0; ; waited += 100) {
    const attempt = takeLock(path);
    if (attempt.lock !== null) return attempt.lock;
    if (waited >= LOCK_WAIT_MS || signal.aborted) throw studyError(`${folder}: ${attempt.holder}`);
    await wait(100);
  }
}

async function runLocked(start: TrialStart, { signal, send }: TrialControl, lock: Lock): Promise<void> {
  const { folder, trial } = start;
  const began = performance.now();
  const files = trialFiles(folder);
  const { folder: _, ...identity } = trial;
  writeSealed(files.config, "config", identity);
  noteEnvironment(folder, trial.id, start.environment, start.diff);
  const from = startingPoint(folder, trial.id);
  const { checkpoint } = from;
  for (const what of from.passedOver) appendLog(files.log, `passed over: ${what}`);
  appendLog(files.log, checkpoint === null ? "started" : `resumed from step ${checkpoint.step}`);
  if (checkpoint !== null) send({ kind: "resumed", step: checkpoint.step });

  const seconds = (): number => (checkpoint?.seconds ?? 0) + (performance.now() - began) / 1000;
  const metrics = metricWriter(files.metrics, from.metrics);
  const { series } = from;
  let diverged: { readonly step: number; readonly tensor: string } | null = null;
  let outcome: TrialOutcome = {};
  let thrown: unknown = null;
  let study: Study | null = null;
  try {
    study = await loadStudy(start.modulePath);
    const context = trialContext({
      trial,
      folder,
      threads: start.threads,
      dataFolder: start.dataFolder,
      signal,
      restored:
        checkpoint === null ? null : { step: checkpoint.step, bytes: checkpoint.bytes, state: checkpoint.state },
      lock,
      metrics,
      series,
      seconds,
      report: (progress) => send({ kind: "progress", progress }),
      onDiverged: (where) => (diverged ??= where),
    });
    signal.throwIfAborted();
    outcome = (await study.trial(context)) ?? {};
  } catch (error) {
    thrown = error ?? new Error("the trial threw nothing");
  }
  try {
    await metrics.flush();
  } catch (error) {
    thrown ??= error;
  }
  await metrics.close();

  const timings: TrialResult["timings"] = {
    ...outcome.timings,
    seconds: seconds(),
    finished: new Date().toISOString(),
  };
  const result = conclude();
  appendLog(files.log, result.reason === undefined ? result.status : `${result.status}: ${result.reason}`);
  assertHeld(lock);
  writeSealed(files.result, "result", result);

  function conclude(): TrialResult {
    const rests = { metrics: metrics.written(), series: series.seals() };
    const summary = summarise(study?.metrics ?? {}, readSealedMetrics(files.metrics, rests.metrics), outcome);
    const where = diverged ?? (thrown === null ? summary.notFinite : null);
    const common = { trial: trial.id, metrics: summary.values, rests, timings };
    // The work did not fail; it goes on from the last checkpoint when there is a place to write to.
    if (isDiskFailure(thrown)) return { status: "interrupted", reason: messageOf(thrown), ...common };
    if (where !== null)
      return {
        status: "diverged",
        reason: `step ${where.step}: ${where.tensor} is not finite`,
        diverged: where,
        ...common,
      };
    // A trial that returned after an abort may have stopped half-way: only one that was never told to stop is taken as
    // finished.
    if (signal.aborted) return { ...stopOf(signal), ...common };
    if (thrown !== null) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      return { status: "failed", reason: messageOf(thrown), ...(stack === undefined ? {} : { stack }), ...common };
    }
    return {
      status: "done",
      ...common,
      ...(outcome.weights === undefined ? {} : { weights: outcome.weights }),
      ...(summary.warnings.length === 0 ? {} : { warnings: summary.warnings }),
    };
  }
}

/**
 * Where a trial goes on, all of it checked: from its last checkpoint, or from the start if anything that belongs to it
 * is damaged.
 */
function startingPoint(
  folder: string,
  trial: string,
): { checkpoint: StoredCheckpoint | null; metrics: MetricsStart; series: SeriesWriter; passedOver: readonly string[] } {
  const files = trialFiles(folder);
  const { checkpoint, skipped } = readCheckpoint(files.checkpoints, trial);
  const passedOver = [...skipped];
  if (checkpoint !== null) {
    const series = seriesWriter(files.artifacts, trial, checkpoint.series);
    const metrics = series === null ? null : rewindMetrics(files.metrics, checkpoint.metrics);
    if (series !== null && metrics !== null) return { checkpoint, metrics, series, passedOver };
    passedOver.push(
      `the checkpoint at step ${checkpoint.step}: ${series === null ? files.artifacts : files.metrics} is damaged, so the trial starts anew`,
    );
  }
  const series = seriesWriter(files.artifacts, trial, {});
  const metrics = rewindMetrics(files.metrics, NO_METRICS);
  if (series === null || metrics === null) throw studyError(`${folder}: cannot be emptied`);
  return { checkpoint: null, metrics, series, passedOver };
}

function stopOf({ reason }: AbortSignal): Stop {
  const stop: unknown = reason instanceof Error && "stop" in reason ? reason.stop : null;
  const failed = typeof stop === "object" && stop !== null && "status" in stop && stop.status === "failed";
  return { status: failed ? "failed" : "interrupted", reason: messageOf(reason) };
}
