import type { Manifest } from "../manifest.ts";
import { budgetOf, type PlannedTrial } from "../plan.ts";
import { writeReport, type WrittenReport } from "../report/write.ts";
import type { TrialRecord } from "../results.ts";
import { isSameSetting } from "../same-setting.ts";
import type { Signal } from "../signal.ts";
import type { Progress } from "../trial.ts";
import type { Ending } from "./executor.ts";
import { isLeft, type RunPlan } from "./plan-run.ts";
import type { StoreLock } from "./store.ts";

/** An event of a run, for a live display. */
export type RunEvent =
  /** It runs. `place` says where, if not on this machine. */
  | { readonly kind: "started"; readonly trial: PlannedTrial; readonly place?: string }
  /** It waits, or waits again, for a place in a queue. */
  | { readonly kind: "waiting"; readonly trial: PlannedTrial; readonly reason: string }
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
  /** Called with what the executor has to say that is not about one trial. */
  onNote?(text: string): void;
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
  /** Trials that go on elsewhere without this run, with where in `reason`. */
  readonly left: readonly TrialRecord[];
}

/** Runs the remaining trials of a planned run and writes the report. Only one run uses a store at a time. */
export async function runStudy(run: RunPlan, control: RunControl = {}): Promise<RunOutcome> {
  const lock = await run.store.lock();
  try {
    return await runOpened(run, control, lock);
  } finally {
    await lock.release();
  }
}

async function runOpened(run: RunPlan, control: RunControl, lock: StoreLock): Promise<RunOutcome> {
  const { executor, pending } = run;
  if (pending.length === 0) return runLocked(run, control, lock);
  await executor.open?.({ say: (text) => control.onNote?.(text) });
  try {
    return await runLocked(run, control, lock);
  } finally {
    await executor.close?.();
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
  const left: TrialRecord[] = [];
  // An executor that takes all trials starts them later, and looks at the code then.
  const takesAll = run.executor.takesAll === true;
  if (takesAll && queue.length > 0) ended = whyNoMore(run, lock);

  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined && !signal.aborted && ended === null; trial = queue.shift()) {
      if (!takesAll) ended ??= whyNoMore(run, lock);
      if (ended !== null) return;
      if (run.executor.queues !== true) emit({ kind: "started", trial });
      const status = records.get(trial.id)?.status ?? "waiting";
      const inTheWay = await store.makeWay(trial, status);
      const { record, goesOn } =
        inTheWay === null
          ? await runOne(run, trial, { signal, kill, onEvent: emit })
          : { record: inTheWay, goesOn: false };
      records.set(trial.id, record);
      if (goesOn) left.push(record);
      else emit({ kind: "ended", trial, record });
      if (record.status === "interrupted" && !goesOn && !signal.aborted && !kill.aborted)
        ended ??= { by: "store", reason: record.reason ?? "" };
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: takesAll ? queue.length : run.jobs }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  const list = run.trials.flatMap((trial) => records.get(trial.id) ?? []);
  const { report, document, problems } = await writeReport(store, { study: run.study });
  return { records: list, interrupted: signal.aborted, ended, left, report, document, problems };
}

/** A trial loads the current sources. After an edit its result would be stored under the wrong identity. */
function whyNoMore({ code }: RunPlan, lock: StoreLock): RunOutcome["ended"] {
  const lost = lock.lost();
  if (lost !== null) return { by: "lock", reason: lost };
  const changed = code.changed?.() ?? null;
  return changed === null ? null : { by: "code", reason: changed };
}

/** How a trial ended here. */
interface Ran {
  readonly record: TrialRecord;
  /** Whether it goes on elsewhere. */
  readonly goesOn: boolean;
}

async function runOne(run: RunPlan, trial: PlannedTrial, control: Required<Omit<RunControl, "onNote">>): Promise<Ran> {
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
    onStarted: (place) => onEvent({ kind: "started", trial, place }),
    onWaiting: (reason) => onEvent({ kind: "waiting", trial, reason }),
    onResumed: (step) => onEvent({ kind: "resumed", trial, step }),
    onProgress: (progress) => onEvent({ kind: "progress", trial, progress }),
  });
  if (ending === null) return { record: await store.readTrial(trial), goesOn: false };
  const { status, reason, goesOn = false } = ending;
  try {
    if (ending.write) {
      await store.conclude(trial, resultOf(trial, ending));
      return { record: await store.readTrial(trial), goesOn };
    }
  } catch {
    // How the trial ended is more informative than why that could not be written.
  }
  return { record: { ...(await store.readTrial(trial)), status, reason }, goesOn };
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
    ...(run.tuning === undefined ? untunedOf(run.study) : { tuning: run.tuning }),
    code: run.code.hash,
    ...(run.code.parts === undefined ? {} : { codeParts: run.code.parts }),
    ...(run.code.unresolved.length === 0 ? {} : { unresolved: run.code.unresolved }),
    data: run.data,
    tasks: Object.keys(study.tasks),
    variants: Object.keys(study.variants),
    metrics: study.metrics,
    anchors: study.anchors.map((anchor) => ({
      ...anchor,
      sameSetting: isSameSetting(anchor.sameSetting, run.budget),
    })),
    ...(study.claims.length === 0 ? {} : { claims: study.claims.map(({ text }) => text) }),
    trials: run.trials,
  };
}

/** What a run leaves untuned that the study would tune. */
const untunedOf = ({ tune }: RunPlan["study"]): Pick<Manifest, "untuned"> =>
  tune === undefined ? {} : { untuned: Object.keys(tune.over) };
