import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { studyError, type MetricRow, type OpenOptions, type PlannedTrial, type TrialSession } from "@sluice/study";
import { seriesWriter, type SeriesWriter } from "./artifact.ts";
import { readCheckpoint, writeCheckpoint, type StoredCheckpoint } from "./checkpoint.ts";
import { noteEnvironment } from "./environment.ts";
import { trialFiles } from "./files.ts";
import { assertHeld } from "./held.ts";
import { keepCurves } from "./kept-curves.ts";
import { fileKeeper, type FileKeeper } from "./kept-files.ts";
import { BEAT_MS, takeLock, type Lock } from "./lock.ts";
import {
  metricWriter,
  NO_METRICS,
  readSealedMetrics,
  rewindMetrics,
  type MetricsSeal,
  type MetricsStart,
} from "./metrics.ts";
import { writeSealed } from "./seal.ts";
import { removeDrafts, writeError } from "./write.ts";

const LOCK_WAIT_MS = 10_000;

/**
 * Opens a trial's folder for running the trial. Nothing is written before the folder's lock is held.
 *
 * @throws if the folder belongs to another process.
 */
export async function openFolder(
  folder: string,
  trial: PlannedTrial,
  { environment, changes, signal }: OpenOptions,
): Promise<TrialSession> {
  const files = trialFiles(folder);
  const lock = await lockOf(folder, signal);
  const beat = setInterval(() => lock.beat(), BEAT_MS);
  const release = (): void => {
    clearInterval(beat);
    lock.release();
  };
  try {
    removeDrafts(folder, (name) => !/^(lock|annotations)\./.test(name));
    const { folder: _, ...identity } = trial;
    writeSealed(files.config, "config", identity);
    noteEnvironment(folder, trial.id, environment, changes);
    const from = startingPoint(folder, trial.id);
    for (const what of from.passedOver) appendLog(files.log, `skipped: ${what}`);
    return sessionOf(folder, trial.id, from, lock, release);
  } catch (error) {
    release();
    throw error;
  }
}

function sessionOf(
  folder: string,
  trial: string,
  { checkpoint, metrics: start, series, files: kept }: StartingPoint,
  lock: Lock,
  release: () => void,
): TrialSession {
  const files = trialFiles(folder);
  const metrics = metricWriter(files.metrics, start);
  // A result is made from rows that are read back, and so are the curves that stand beside it.
  let read: { readonly seal: MetricsSeal; readonly rows: readonly MetricRow[] } | null = null;
  const rowsOf = (seal: MetricsSeal): readonly MetricRow[] => {
    if (read?.seal.sha256 !== seal.sha256) read = { seal, rows: readSealedMetrics(files.metrics, seal) };
    return read.rows;
  };
  return {
    restored: checkpoint,
    log: (text) => appendLog(files.log, text),
    metric: (row) => metrics.add(row),
    series: (name, given) => series.write(name, given),
    async file(name, bytes) {
      assertHeld(lock);
      kept.write(name, bytes);
    },
    files: () => kept.hashes(),
    async checkpoint(given) {
      const rows = await metrics.flush();
      assertHeld(lock);
      writeCheckpoint(files.checkpoints, {
        ...given,
        trial,
        metrics: rows,
        series: series.lines(),
        files: kept.hashes(),
      });
    },
    flush: async () => void (await metrics.flush()),
    rows: async () => rowsOf(metrics.written()),
    async finish(result) {
      await metrics.close();
      assertHeld(lock);
      const seal = metrics.written();
      const curves = keepCurves(files.curves, rowsOf(seal));
      const rests = { metrics: seal, series: series.seals(), ...(curves === null ? {} : { curves }) };
      writeSealed(files.result, "result", { ...result, rests });
    },
    async close() {
      try {
        await metrics.close();
      } finally {
        release();
      }
    },
  };
}

async function lockOf(folder: string, signal: OpenOptions["signal"]): Promise<Lock> {
  const { lock: path } = trialFiles(folder);
  // After a runner was killed, its trials need a moment to notice and to write their checkpoints.
  for (let waited = 0; ; waited += 100) {
    const attempt = takeLock(path);
    if (attempt.lock !== null) return attempt.lock;
    if (waited >= LOCK_WAIT_MS || signal.aborted) throw studyError(`${folder}: ${attempt.holder}`);
    await wait(100);
  }
}

interface StartingPoint {
  readonly checkpoint: StoredCheckpoint | null;
  readonly metrics: MetricsStart;
  readonly series: SeriesWriter;
  readonly files: FileKeeper;
  /** Damaged checkpoints, with the reason. */
  readonly passedOver: readonly string[];
}

/**
 * Where a trial continues: from its last checkpoint, or from the start if anything that belongs to the checkpoint is
 * damaged.
 */
function startingPoint(folder: string, trial: string): StartingPoint {
  const files = trialFiles(folder);
  const { checkpoint, skipped } = readCheckpoint(files.checkpoints, trial);
  const passedOver = [...skipped];
  if (checkpoint !== null) {
    const series = seriesWriter(files.artifacts, trial, checkpoint.series);
    const kept = series === null ? null : fileKeeper(files.kept, checkpoint.files);
    const metrics = kept === null ? null : rewindMetrics(files.metrics, checkpoint.metrics);
    if (series !== null && kept !== null && metrics !== null)
      return { checkpoint, metrics, series, files: kept, passedOver };
    const damaged = series === null ? files.artifacts : kept === null ? files.kept : files.metrics;
    passedOver.push(
      `the checkpoint at step ${checkpoint.step}: ${damaged} is damaged, so the trial starts from the beginning`,
    );
  }
  const series = seriesWriter(files.artifacts, trial, {});
  const kept = fileKeeper(files.kept, {});
  const metrics = rewindMetrics(files.metrics, NO_METRICS);
  if (series === null || kept === null || metrics === null) throw studyError(`${folder}: cannot be emptied`);
  return { checkpoint: null, metrics, series, files: kept, passedOver };
}

function appendLog(path: string, text: string): void {
  try {
    appendFileSync(path, `${new Date().toISOString()} ${text}\n`);
  } catch (error) {
    throw writeError(path, error);
  }
}
