import type { Environment } from "../environment.ts";
import { isStoreFailure, messageOf } from "../error.ts";
import type { PlannedTrial } from "../plan.ts";
import type { FileHashes } from "../results.ts";
import type { Signal } from "../signal.ts";
import type { Study } from "../study.ts";
import type { MetricRow, Progress, TrialOutcome } from "../trial.ts";
import { trialContext } from "./context.ts";
import type { Stop } from "./executor.ts";
import { metricsOf, refuseTestMetrics, summarise, type TrialResult } from "./result.ts";
import type { Store, TrialSession } from "./store.ts";

/** What {@link runTrial} needs to run a trial. */
export interface TrialStart {
  readonly trial: PlannedTrial;
  /** Loads the study. If it throws, the trial fails with that error. */
  study(): Promise<Study>;
  readonly store: Store;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
}

/** Signals and callbacks of a trial. */
export interface TrialControl {
  /** Aborted with the error of `stopping` as its reason. */
  readonly signal: Signal;
  /** Called with the step from which the trial resumes. */
  onResumed?(step: number): void;
  /** Called with the progress that the trial reports. */
  onProgress?(progress: Progress): void;
  /** The seconds since its process began, for a process that runs only this trial. */
  age?(): number;
  /** The bytes that the process has held at most, for a process that runs only this trial. */
  memory?(): number;
}

/**
 * Runs a trial here and writes its result into the store. Every executor calls this where the trial runs.
 *
 * @throws an error if another session has the trial, or if the store fails and there can be no result.
 */
export async function runTrial(start: TrialStart, control: TrialControl): Promise<void> {
  const { trial, store, environment, changes } = start;
  const session = await store.openTrial(trial, { environment, changes, signal: control.signal });
  try {
    await runOpened(start, control, session);
  } finally {
    await session.close();
  }
}

/** How the work of a trial ended. */
interface Ended {
  readonly study: Study | null;
  readonly outcome: TrialOutcome;
  readonly thrown: unknown;
  readonly diverged: { readonly step: number; readonly tensor: string } | null;
}

async function runOpened(start: TrialStart, control: TrialControl, session: TrialSession): Promise<void> {
  const began = performance.now();
  const age = control.age?.();
  const { restored } = session;
  session.log(restored === null ? "started" : `resumed from step ${restored.step}`);
  if (restored !== null) control.onResumed?.(restored.step);
  const seconds = (): number => (restored?.seconds ?? 0) + (performance.now() - began) / 1000;
  const ended = await work(start, control, session, seconds);
  const held = control.memory === undefined ? {} : { memory: control.memory() };
  const started = age === undefined ? {} : { startup: age };
  const timings = {
    ...ended.outcome.timings,
    seconds: seconds(),
    finished: new Date().toISOString(),
    ...started,
    ...held,
  };
  const remains = { rows: await session.rows(), files: session.files(), timings, signal: control.signal };
  const result = conclude(start.trial, ended, remains);
  session.log(result.reason === undefined ? result.status : `${result.status}: ${result.reason}`);
  await session.finish(result);
}

async function work(
  { trial, threads, dataFolder, study: load }: TrialStart,
  { signal, onProgress }: TrialControl,
  session: TrialSession,
  seconds: () => number,
): Promise<Ended> {
  let diverged: Ended["diverged"] = null;
  let outcome: TrialOutcome = {};
  let thrown: unknown = null;
  let study: Study | null = null;
  try {
    study = await load();
    const context = trialContext({
      trial,
      session,
      metrics: study.metrics,
      threads,
      dataFolder,
      signal,
      seconds,
      report: (progress) => onProgress?.(progress),
      onDiverged: (where) => (diverged ??= where),
    });
    signal.throwIfAborted();
    outcome = (await study.trial(context)) ?? {};
    refuseTestMetrics(trial, study.metrics, outcome.metrics ?? {});
  } catch (error) {
    thrown = error ?? new Error("the trial threw nothing");
  }
  try {
    await session.flush();
  } catch (error) {
    thrown ??= error;
  }
  return { study, outcome, thrown, diverged };
}

interface Remains {
  readonly rows: readonly MetricRow[];
  readonly files: FileHashes;
  readonly timings: TrialResult["timings"];
  readonly signal: Signal;
}

function conclude(
  trial: PlannedTrial,
  { study, outcome, thrown, diverged }: Ended,
  { rows, files, timings, signal }: Remains,
): TrialResult {
  const summary = summarise(metricsOf(trial, study?.metrics ?? {}), rows, outcome);
  const where = diverged ?? (thrown === null ? summary.notFinite : null);
  const kept = Object.keys(files).length === 0 ? {} : { files };
  const common = { trial: trial.id, metrics: summary.values, ...kept, timings };
  // The work did not fail. It continues from the last checkpoint once the store can be written again.
  if (isStoreFailure(thrown)) return { status: "interrupted", reason: messageOf(thrown), ...common };
  if (where !== null)
    return {
      status: "diverged",
      reason: `step ${where.step}: ${where.tensor} is not finite`,
      diverged: where,
      ...common,
    };
  // A trial that returned after an abort may have stopped half-way. Only a trial that was never asked to stop counts as
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
    ...(outcome.varies === undefined ? {} : { varies: outcome.varies }),
    ...(outcome.parameters === undefined ? {} : { parameters: outcome.parameters }),
    ...(summary.warnings.length === 0 ? {} : { warnings: summary.warnings }),
  };
}

function stopOf({ reason }: Signal): Stop {
  const stop: unknown = reason instanceof Error && "stop" in reason ? reason.stop : null;
  const failed = typeof stop === "object" && stop !== null && "status" in stop && stop.status === "failed";
  return { status: failed ? "failed" : "interrupted", reason: messageOf(reason) };
}
