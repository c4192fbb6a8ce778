import { messageOf, type Progress } from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { storedBatches } from "./batch.ts";
import { slurmCommands, type SlurmCommands } from "./commands.ts";
import { hasEnded, isWaiting, seenElement, waitingText } from "./job-state.ts";
import { readLive } from "./live.ts";
import { elementName } from "./submit.ts";

/** How a trial stands that was left to Slurm. */
export interface TrialOnSlurm {
  /** `unknown` if Slurm cannot be asked, for example because this machine is not of its cluster. */
  readonly standing: "running" | "queued" | "unknown";
  /** The number of its job, and why it waits. */
  readonly text: string;
  /** How far it is, if it has told. */
  readonly progress?: Progress;
}

/**
 * The trials of a run that wait or run on Slurm, by their ids, as its folder and Slurm know it. Nothing is changed.
 *
 * @returns `problem`: why Slurm cannot be asked; `null` if it was, or if there was nothing to ask.
 */
export async function trialsOnSlurm(
  store: FolderStore,
  commands: Pick<SlurmCommands, "find" | "states"> = slurmCommands({ patienceMs: 10_000 }),
): Promise<{ readonly trials: ReadonlyMap<string, TrialOnSlurm>; readonly problem: string | null }> {
  const { found } = storedBatches(store.folder);
  const trials = new Map<string, TrialOnSlurm>();
  let problem: string | null = null;
  for (const { folder, batch, job: noted } of found) {
    let job = noted;
    let seen: Awaited<ReturnType<SlurmCommands["states"]>> | null = null;
    try {
      // A runner that died while it submitted the array could not note its number.
      job ??= await commands.find(batch.name);
      seen = job === null ? null : await commands.states([job]);
    } catch (error) {
      problem = messageOf(error);
    }
    if (job === null) continue;
    for (const [index, trial] of batch.trials.entries()) {
      const name = elementName({ job, index, folder });
      const live = readLive(trialFiles(store.folderOf(trial)).live, name);
      const progress = live?.progress === undefined ? {} : { progress: live.progress };
      if (seen === null) {
        trials.set(trial.id, { standing: "unknown", text: `Slurm job ${name}`, ...progress });
        continue;
      }
      const own = seenElement(seen, job, index);
      if (own === null || hasEnded(own.state)) continue;
      const told = isWaiting(own.state)
        ? ({ standing: "queued", text: waitingText(own.reason) } as const)
        : ({
            standing: "running",
            text: `Slurm job ${name}${live === null ? "" : ` on ${live.process.host}`}`,
          } as const);
      trials.set(trial.id, { ...told, ...progress });
    }
  }
  return { trials, problem };
}
