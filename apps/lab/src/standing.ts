import { existsSync } from "node:fs";
import { join } from "node:path";
import { trialHolder, type FolderStore } from "@sluice/runner/folder";
import type { Progress, TrialRecord, TrialStatus } from "@sluice/study";

/** How a trial stands: as its folder has it, or what it does at this moment. */
export type Standing = TrialStatus | "running" | "queued" | "left to Slurm";

/** A record of a trial, with what it does at this moment. */
export interface StandingRecord extends Omit<TrialRecord, "status"> {
  readonly status: Standing;
}

/**
 * What the trials without a result do at this moment: they may run on this machine or another, or wait in Slurm's
 * queue. Their folders alone look like those of trials that were interrupted.
 *
 * @returns `problem`: why this cannot be known for some; otherwise `null`.
 */
export async function standingRecords(
  store: FolderStore,
  records: readonly TrialRecord[],
): Promise<{ readonly records: readonly StandingRecord[]; readonly problem: string | null }> {
  const { trials, problem } = await onSlurm(store);
  return {
    records: records.map((record): StandingRecord => {
      if (record.status !== "interrupted" && record.status !== "waiting") return record;
      const job = trials.get(record.id);
      if (job !== undefined)
        return {
          ...record,
          status: job.standing === "unknown" ? "left to Slurm" : job.standing,
          reason: `${job.text}${stepText(job.progress)}`,
        };
      const holder = record.status === "waiting" ? null : trialHolder(record.folder);
      return holder === null ? record : { ...record, status: "running", reason: holder };
    }),
    problem,
  };
}

/** Most runs have no jobs on Slurm: what asks it is loaded only for those that do. */
async function onSlurm(store: FolderStore) {
  if (!existsSync(join(store.folder, "slurm"))) return { trials: new Map<string, never>(), problem: null };
  const { trialsOnSlurm } = await import("@sluice/runner");
  return trialsOnSlurm(store);
}

const stepText = (progress: Progress | undefined): string =>
  progress === undefined ? "" : `, step ${progress.step}/${progress.steps}`;
