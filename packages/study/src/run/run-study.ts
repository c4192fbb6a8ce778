import type { Manifest } from "../manifest.ts";
import { budgetOf, type PlannedTrial } from "../plan.ts";
import { writeReport, type WrittenReport } from "../report/write.ts";
import type { TrialRecord } from "../results.ts";
import type { Signal } from "../signal.ts";
import type { Progress } from "../trial.ts";
import type { Ending } from "./executor.ts";
import { isLeft, type RunPlan } from "./plan-run.ts";
import type { StoreLock } from "./store.ts";

/** An event of a run, for a live display. */
export type RunEvent =
  | { readonly kind: "started"; readonly trial: PlannedTrial }
  | { readonly kind: "resumed"; readonly trial: PlannedTrial; readonly step: number }
  | { readonly kind: "progress"; readonly trial: PlannedTrial; readonly progress: Progress }
  | { readonly kind: "ended"; readonly trial: PlannedTrial; readonly record: TrialRecord };

/** Signals and callbacks of a run. */
export interface RunControl {
  /** Stops the run: trials write a checkpoint and end. */
  readonly signal?: Signal;
  /** Kills the trials at once, if the executor can. */
  readonly kill?: Signal;
  /** Called when a trial starts, makes progress or ends. */
  onEvent?(event: RunEvent): void;
}

/** The result of {@link runStudy}. */
export interface RunOutcome extends Pick<WrittenReport, "report" | "document" | "problems"> {
  readonly records: readonly TrialRecord[];
  readonly interrupted: boolean;
  /**
   * Why no more trials were started: the store failed, or the sources were edited during the run. `null` if all
   * remaining trials ran, or if `signal` stopped them.
   */
  readonly ended: { readonly by: "store" | "code" | "lock"; readonly reason: string } | null;
}

/** Runs the remaining trials of a planned run and writes the report. Only one run uses a store at a time. */
export async function runStudy(run: RunPlan, control: RunControl = {}): Promise<RunOutcome> {
  const lock = await run.store.lock();
  try {
    return await runLocked(run, control, lock);
  } finally {
    await lock.release();
  }
}

async function runLocked(run: RunPlan, control: RunControl, lock: StoreLock): Promise<RunOutcome> {
  const { store } = run;
  const signal = control.signal ?? new AbortController().signal;
  const kill = control.kill ?? new AbortController().signal;
  const emit = (event: RunEvent): void => control.onEvent?.(event);
  await store.writeManifest(manifestOf(run));
  // Another run may have worked here since this one was planned.
  const records = new Map<string, TrialRecord>();
  for (const trial of run.trials) records.set(trial.id, await store.readTrial(trial));
  const queue = run.pending.filter((trial) => isLeft(records.get(trial.id)?.status, run.retry));
  let ended: RunOutcome["ended"] = null;

  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined && !signal.aborted && ended === null; trial = queue.shift()) {
      ended ??= whyNoMore(run, lock);
      if (ended !== null) return;
      emit({ kind: "started", trial });
      const status = records.get(trial.id)?.status ?? "waiting";
      const record =
        (await store.makeWay(trial, status)) ?? (await runOne(run, trial, { signal, kill, onEvent: emit }));
      records.set(trial.id, record);
      emit({ kind: "ended", trial, record });
      if (record.status === "interrupted" && !signal.aborted && !kill.aborted)
        ended ??= { by: "store", reason: record.reason ?? "" };
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: run.jobs }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  const list = run.trials.flatMap((trial) => records.get(trial.id) ?? []);
  const { report, document, problems } = await writeReport(store, { study: run.study });
  return { records: list, interrupted: signal.aborted, ended, report, document, problems };
}

/** A trial loads the current sources. After an edit its result would be stored under the wrong identity. */
function whyNoMore({ code }: RunPlan, lock: StoreLock): RunOutcome["ended"] {
  const lost = lock.lost();
  if (lost !== null) return { by: "lock", reason: lost };
  const changed = code.changed?.() ?? null;
  return changed === null ? null : { by: "code", reason: changed };
}

async function runOne(run: RunPlan, trial: PlannedTrial, control: Required<RunControl>): Promise<TrialRecord> {
  const { store, study, threads, dataFolder, environment, changes, limit, memory } = run;
  const { signal, kill, onEvent } = control;
  const ending = await run.executor.run(trial, {
    study,
    store,
    threads,
    dataFolder,
    environment,
    changes,
    limit,
    memory,
    signal,
    kill,
    onResumed: (step) => onEvent({ kind: "resumed", trial, step }),
    onProgress: (progress) => onEvent({ kind: "progress", trial, progress }),
  });
  if (ending === null) return store.readTrial(trial);
  const { status, reason } = ending;
  try {
    if (ending.write) {
      await store.conclude(trial, resultOf(trial, ending));
      return await store.readTrial(trial);
    }
  } catch {
    // How the trial ended is more informative than why that could not be written.
  }
  return { ...(await store.readTrial(trial)), status, reason };
}

function resultOf({ id }: PlannedTrial, { status, reason, seconds }: Ending) {
  return { trial: id, status, reason, metrics: {}, timings: { seconds, finished: new Date().toISOString() } };
}

/** What a run asks for and plans, as its store keeps it. */
export function manifestOf(run: RunPlan): Manifest {
  const { study } = run;
  const { notes } = budgetOf(study, run.budget).given;
  return {
    name: study.name,
    title: study.title,
    question: study.question,
    ...(study.notes === undefined ? {} : { notes: study.notes }),
    stepLabel: study.stepLabel,
    budget: run.budget,
    ...(notes === undefined ? {} : { budgetNotes: notes }),
    module: run.module,
    command: run.command,
    ...(run.asked === undefined ? {} : { asked: run.asked }),
    ...(run.tuning === undefined ? {} : { tuning: run.tuning }),
    code: run.code.hash,
    ...(run.code.unresolved.length === 0 ? {} : { unresolved: run.code.unresolved }),
    data: run.data,
    tasks: Object.keys(study.tasks),
    variants: Object.keys(study.variants),
    metrics: study.metrics,
    anchors: study.anchors,
    trials: run.trials,
  };
}
