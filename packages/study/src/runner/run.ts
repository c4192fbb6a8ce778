import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeIdentity, unchanged } from "../code/identity.ts";
import { studyError } from "../error.ts";
import type { PlannedTrial } from "../plan.ts";
import { writeReport } from "../report/write.ts";
import type { TrialRecord } from "../results.ts";
import { runFiles, trialFiles } from "../store/files.ts";
import { lockHolder, releaseLock, takeLock } from "../store/lock.ts";
import type { Manifest } from "../store/read.ts";
import { writeError, writeJson } from "../store/write.ts";
import type { Progress } from "../trial.ts";
import { runInChild } from "./child.ts";
import { trialArguments } from "./node-arguments.ts";
import type { PreparedRun } from "./prepare.ts";

export type RunEvent =
  | { readonly kind: "started"; readonly trial: PlannedTrial }
  | { readonly kind: "resumed"; readonly trial: PlannedTrial; readonly step: number }
  | { readonly kind: "progress"; readonly trial: PlannedTrial; readonly progress: Progress }
  | { readonly kind: "ended"; readonly trial: PlannedTrial; readonly record: TrialRecord };

export interface RunControl {
  /** Stops the run: trials write a checkpoint and end. */
  readonly signal?: AbortSignal;
  /** Kills the trials at once. */
  readonly kill?: AbortSignal;
  onEvent?(event: RunEvent): void;
}

export interface RunOutcome {
  readonly records: readonly TrialRecord[];
  readonly interrupted: boolean;
  /** The sources were edited during the run, so the trials that were left were not started. */
  readonly codeChanged: boolean;
  readonly report: string;
}

/** Runs what is left of a prepared run, and writes the report. */
export async function runStudy(run: PreparedRun, control: RunControl = {}): Promise<RunOutcome> {
  const files = runFiles(run.out);
  const signal = control.signal ?? new AbortController().signal;
  const kill = control.kill ?? new AbortController().signal;
  const emit = (event: RunEvent): void => control.onEvent?.(event);
  try {
    mkdirSync(files.trials, { recursive: true });
  } catch (error) {
    throw writeError(files.trials, error);
  }
  const holder = lockHolder(files.lock);
  if (holder !== null) {
    throw studyError(`${run.out}: process ${holder.pid} on ${holder.host} is running this study here. Wait for it, choose another --out, or, if it is gone, delete ${files.lock}`);
  }
  takeLock(files.lock);
  try {
    writeJson(files.manifest, manifestOf(run));
    const records = new Map(run.records.map((record) => [record.id, record]));
    const queue = [...run.pending];
    let code = run.code;
    let codeChanged = false;
    const work = async (): Promise<void> => {
      for (let trial = queue.shift(); trial !== undefined && !signal.aborted; trial = queue.shift()) {
        const current = trial;
        const folder = join(files.trials, trial.folder);
        // A trial loads the sources as they are now: after an edit its result would stand under the wrong identity.
        if (!codeChanged && !unchanged(code)) {
          code = codeIdentity(run.modulePath, { execArgv: trialArguments() });
          codeChanged = code.hash !== run.code.hash;
        }
        if (codeChanged) return;
        makeWay(folder, records.get(trial.id)?.status ?? "waiting");
        emit({ kind: "started", trial });
        const record = await runInChild(trial, folder, {
          modulePath: run.modulePath,
          out: run.out,
          threads: run.threads,
          dataFolder: run.dataFolder,
          environment: run.environment,
          diff: run.diff,
          signal,
          kill,
          onResumed: (step) => emit({ kind: "resumed", trial: current, step }),
          onProgress: (progress) => emit({ kind: "progress", trial: current, progress }),
        });
        records.set(trial.id, record);
        emit({ kind: "ended", trial, record });
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: run.jobs }, work));
    for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
    const list = run.trials.flatMap((trial) => records.get(trial.id) ?? []);
    const { report } = writeReport(run.out, { study: run.study });
    return { records: list, interrupted: signal.aborted, codeChanged, report };
  } finally {
    releaseLock(files.lock);
  }
}

/** Makes a folder ready for its trial to run (again), according to how it stands. What was written is kept or moved aside, but for a stale result. */
function makeWay(folder: string, status: TrialRecord["status"]): void {
  if (!existsSync(folder)) return;
  const files = trialFiles(folder);
  try {
    if (status === "unreadable" || status === "diverged") {
      // From its checkpoint a diverged trial would diverge again: it starts anew.
      let n = 1;
      while (existsSync(`${folder}.aside-${n}`)) n += 1;
      renameSync(folder, `${folder}.aside-${n}`);
    } else rmSync(files.result, { force: true });
  } catch (error) {
    throw writeError(folder, error);
  }
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
