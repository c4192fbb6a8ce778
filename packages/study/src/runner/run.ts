import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeIdentity, unchanged } from "../code/identity.ts";
import { messageOf, studyError } from "../error.ts";
import type { PlannedTrial } from "../plan.ts";
import { writeReport, type WrittenReport } from "../report/write.ts";
import type { TrialRecord } from "../results.ts";
import { runFiles, trialFiles } from "../store/files.ts";
import type { Signal } from "../signal.ts";
import { BEAT_MS, takeLock, type Lock } from "../store/lock.ts";
import { readTrial, type Manifest } from "../store/read.ts";
import { writeSealed } from "../store/seal.ts";
import { makeFolder, writeError } from "../store/write.ts";
import type { Progress } from "../trial.ts";
import { runInChild } from "./child.ts";
import { trialArguments } from "./node-arguments.ts";
import { isLeft, type PreparedRun } from "./prepare.ts";

export type RunEvent =
  | { readonly kind: "started"; readonly trial: PlannedTrial }
  | { readonly kind: "resumed"; readonly trial: PlannedTrial; readonly step: number }
  | { readonly kind: "progress"; readonly trial: PlannedTrial; readonly progress: Progress }
  | { readonly kind: "ended"; readonly trial: PlannedTrial; readonly record: TrialRecord };

export interface RunControl {
  /** Stops the run: trials write a checkpoint and end. */
  readonly signal?: Signal;
  /** Kills the trials at once. */
  readonly kill?: Signal;
  onEvent?(event: RunEvent): void;
}

export interface RunOutcome extends Pick<WrittenReport, "report" | "document" | "problems"> {
  readonly records: readonly TrialRecord[];
  readonly interrupted: boolean;
  /**
   * Why no more trials were started: the disk failed, or the sources were edited during the run. `null` if all that was
   * left has run, or was stopped by `signal`.
   */
  readonly ended: { readonly by: "disk" | "code" | "lock"; readonly reason: string } | null;
}

/** Runs what is left of a prepared run, and writes the report. One run works in a folder at a time. */
export async function runStudy(run: PreparedRun, control: RunControl = {}): Promise<RunOutcome> {
  const files = runFiles(run.out);
  try {
    makeFolder(files.trials);
  } catch (error) {
    throw writeError(files.trials, error);
  }
  const { lock, ...attempt } = takeLock(files.lock);
  if (lock === null) {
    const holder = "holder" in attempt ? attempt.holder : "";
    throw studyError(`${run.out}: ${holder}. Wait for it, or choose another --out`);
  }
  const beat = setInterval(() => lock.beat(), BEAT_MS);
  try {
    return await runLocked(run, control, lock);
  } finally {
    clearInterval(beat);
    lock.release();
  }
}

async function runLocked(run: PreparedRun, control: RunControl, lock: Lock): Promise<RunOutcome> {
  const files = runFiles(run.out);
  const signal = control.signal ?? new AbortController().signal;
  const kill = control.kill ?? new AbortController().signal;
  const emit = (event: RunEvent): void => control.onEvent?.(event);
  writeSealed(files.manifest, "study", manifestOf(run));
  // Another run may have worked here since this one was prepared.
  const records = new Map(run.trials.map((trial) => [trial.id, readTrial(run.out, trial)]));
  const queue = run.pending.filter((trial) => isLeft(records.get(trial.id)?.status, run.retry));
  let code = run.code;
  let ended: RunOutcome["ended"] = null;

  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined && !signal.aborted && ended === null; trial = queue.shift()) {
      const current = trial;
      const folder = join(files.trials, trial.folder);
      if (!lock.isHeld()) {
        ended = {
          by: "lock",
          reason: `${lock.path}: another process took the lock over, since this one was silent for too long`,
        };
        return;
      }
      // A trial loads the sources as they are now: after an edit its result would stand under the wrong identity.
      try {
        if (!unchanged(code)) code = codeIdentity(run.modulePath, { execArgv: trialArguments() });
      } catch (error) {
        ended = { by: "code", reason: `the code can no longer be read: ${messageOf(error)}` };
        return;
      }
      if (code.hash !== run.code.hash) {
        ended = { by: "code", reason: "the code changed while the study ran" };
        return;
      }
      emit({ kind: "started", trial });
      const record =
        makeWay(trial, folder, records.get(trial.id)?.status ?? "waiting") ??
        (await runInChild(trial, folder, {
          modulePath: run.modulePath,
          out: run.out,
          threads: run.threads,
          dataFolder: run.dataFolder,
          environment: run.environment,
          diff: run.diff,
          limit: run.limit,
          signal,
          kill,
          onResumed: (step) => emit({ kind: "resumed", trial: current, step }),
          onProgress: (progress) => emit({ kind: "progress", trial: current, progress }),
        }));
      records.set(trial.id, record);
      emit({ kind: "ended", trial, record });
      if (record.status === "interrupted" && !signal.aborted && !kill.aborted)
        ended ??= { by: "disk", reason: record.reason ?? "" };
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: run.jobs }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  const list = run.trials.flatMap((trial) => records.get(trial.id) ?? []);
  const { report, document, problems } = writeReport(run.out, { study: run.study });
  return { records: list, interrupted: signal.aborted, ended, report, document, problems };
}

/**
 * Makes a folder ready for its trial to run (again), according to how it stands. What was written is kept or moved
 * aside, but for a stale result. Gives a record where that cannot be done: the process of an earlier run is still at
 * work there, or the disk fails.
 */
function makeWay(
  { id, task, variant, seed }: PlannedTrial,
  folder: string,
  status: TrialRecord["status"],
): TrialRecord | null {
  if (!existsSync(folder)) return null;
  const files = trialFiles(folder);
  // Without a result there is nothing to clear away, and the trial itself waits for the lock.
  if (!existsSync(files.result)) return null;
  const record = { id, folder, task, variant, seed, metrics: {}, warnings: [] };
  try {
    const attempt = takeLock(files.lock);
    if (attempt.lock === null) return { ...record, status: "failed", reason: `${folder}: ${attempt.holder}` };
    try {
      if (status === "unreadable" || status === "diverged") {
        // From its checkpoint a diverged trial would diverge again: it starts anew.
        let n = 1;
        while (existsSync(`${folder}.aside-${n}`)) n += 1;
        renameSync(folder, `${folder}.aside-${n}`);
        rmSync(join(`${folder}.aside-${n}`, "lock.json"), { force: true });
      } else rmSync(files.result, { force: true });
    } finally {
      attempt.lock.release();
    }
  } catch (error) {
    return { ...record, status: "interrupted", reason: messageOf(writeError(folder, error)) };
  }
  return null;
}

function manifestOf(run: PreparedRun): Manifest {
  const { study } = run;
  return {
    name: study.name,
    title: study.title,
    question: study.question,
    ...(study.notes === undefined ? {} : { notes: study.notes }),
    stepLabel: study.stepLabel,
    budget: run.budget,
    module: run.modulePath,
    command: run.command,
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
