import { messageOf } from "../error.ts";
import { loadStudy } from "../load.ts";
import type { Study } from "../study.ts";
import { readCheckpoint } from "../store/checkpoint.ts";
import { trialFiles } from "../store/files.ts";
import { releaseLock, takeLock } from "../store/lock.ts";
import { metricWriter, readMetrics, rewindMetrics } from "../store/metrics.ts";
import { summarise, type TrialResult } from "../store/result.ts";
import { writeJson } from "../store/write.ts";
import type { TrialOutcome } from "../trial.ts";
import { appendLog, trialContext } from "./context.ts";
import type { FromTrial, ToTrial } from "./messages.ts";

// The process of one trial. The runner starts it, tells it which trial to run, and reads the result from the trial's folder.

const abort = new AbortController();
const started = performance.now();

// A terminal sends Ctrl-C to every process of the group. The runner decides: it says so by a message, or by going away.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => abort.abort(interruption("the runner ended")));
process.on("message", (message: ToTrial) => {
  if (message.kind === "abort") abort.abort(interruption("stopped by the user"));
  else void runTrial(message).then(() => process.exit(0), giveUp);
});

function interruption(why: string): Error {
  return Object.assign(new Error(why), { name: "AbortError" });
}

function send(message: FromTrial): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** The trial's own errors stand in `result.json`; this is for when that cannot be written. */
function giveUp(error: unknown): void {
  console.error(error);
  if (process.connected) process.send?.({ kind: "broken", reason: messageOf(error) } satisfies FromTrial, undefined, undefined, () => process.exit(1));
  else process.exit(1);
}

async function runTrial(start: Extract<ToTrial, { kind: "start" }>): Promise<void> {
  const files = trialFiles(start.folder);
  takeLock(files.lock);
  const { checkpoint, skipped } = readCheckpoint(files.checkpoints);
  for (const path of skipped) appendLog(files.log, `damaged checkpoint passed over: ${path}`);
  const earlierSeconds = checkpoint?.seconds ?? 0;
  const seconds = (): number => earlierSeconds + (performance.now() - started) / 1000;
  const metrics = metricWriter(files.metrics, rewindMetrics(files.metrics, checkpoint?.metricsBytes ?? 0));
  appendLog(files.log, checkpoint === null ? "started" : `resumed from step ${checkpoint.step}`);
  if (checkpoint !== null) send({ kind: "resumed", step: checkpoint.step });

  let diverged: { readonly step: number; readonly tensor: string } | null = null;
  let outcome: TrialOutcome = {};
  let thrown: unknown = null;
  let study: Study | null = null;
  try {
    study = await loadStudy(start.modulePath);
    const context = trialContext({
      trial: start.trial,
      folder: start.folder,
      threads: start.threads,
      dataFolder: start.dataFolder,
      signal: abort.signal,
      restored: checkpoint === null ? null : { step: checkpoint.step, bytes: checkpoint.bytes, state: checkpoint.state },
      metrics,
      seconds,
      report: (progress) => send({ kind: "progress", progress }),
      onDiverged: (where) => (diverged ??= where),
    });
    abort.signal.throwIfAborted();
    outcome = (await study.trial(context)) ?? {};
  } catch (error) {
    thrown = error ?? new Error("the trial threw nothing");
  }
  try {
    await metrics.flush();
  } catch (error) {
    thrown ??= error;
  }

  const timings: TrialResult["timings"] = { ...outcome.timings, seconds: seconds(), finished: new Date().toISOString() };
  const result = conclude();
  appendLog(files.log, result.reason === undefined ? result.status : `${result.status}: ${result.reason}`);
  writeJson(files.result, result);
  releaseLock(files.lock);

  function conclude(): TrialResult {
    const summary = summarise(study?.metrics ?? {}, readMetrics(files.metrics), outcome);
    const where = diverged ?? (thrown === null ? summary.notFinite : null);
    const common = { metrics: summary.values, timings };
    if (where !== null) return { status: "diverged", reason: `step ${where.step}: ${where.tensor} is not finite`, diverged: where, ...common };
    // A trial that returned after an abort may have stopped half-way: only one that was never told to stop is taken as finished.
    if (abort.signal.aborted) return { status: "interrupted", reason: messageOf(abort.signal.reason), ...common };
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
