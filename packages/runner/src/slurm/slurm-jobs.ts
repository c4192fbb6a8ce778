import { rmSync } from "node:fs";
import { isAbsolute } from "node:path";
import { studyError, type Ending, type Executor, type PlannedTrial, type Signal, type TrialTask } from "@sluice/study";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { collected } from "./collected.ts";
import { slurmCommands } from "./commands.ts";
import { earlierElements, type Looking } from "./earlier.ts";
import { followTrial, type Following, type Pace } from "./follow.ts";
import { checkedSlurmOptions, type SlurmOptions } from "./options.ts";
import { jobQueue } from "./queue.ts";
import { submitTrials, type Element, type Submitting } from "./submit.ts";

/** Options of {@link slurmJobs}. */
export interface SlurmJobsOptions {
  /** Path of the module whose default export is the study. Each job loads it. */
  readonly module: string;
  /** The store of the run, in a folder that all nodes of the cluster share. The jobs write their results into it. */
  readonly store: FolderStore;
  /** Options of `sbatch` by their long names, such as `{ partition: "gpu", time: "01:00:00", mem: "4G" }`. */
  readonly options?: SlurmOptions;
  /** Lines of bash that prepare a node, such as `module load nodejs`. */
  readonly setup?: string;
  /** Trials at a time; default: as many as Slurm starts. */
  readonly jobs?: number;
  /** Aborted to leave the jobs to themselves. A later run finds them and goes on with them. */
  readonly leave?: Signal;
  /** Milliseconds in which a trial that was asked to stop must end; default 30 000. */
  readonly graceMs?: number;
  /** How often to look, and how long to wait for files that a shared folder shows late. */
  readonly pace?: Partial<Pace>;
}

/** Each look at the files is a few requests to the file server, each look at Slurm one to its controller. */
const PACE: Pace = { filesMs: 1000, slurmMs: 10_000, patience: 60 };

/**
 * Runs trials on a cluster: those that are ready at once as one job array of Slurm. Each element is a process that runs
 * a trial and writes its result into the shared folder. A job that still runs from an earlier run is not started twice.
 *
 * @throws an error if an option is not valid.
 */
export function slurmJobs(given: SlurmJobsOptions): Executor {
  const { module, store, setup = "", jobs = null, graceMs = 30_000 } = given;
  const options = checkedSlurmOptions(given.options ?? {});
  if (!isAbsolute(module)) throw studyError(`slurmJobs: expected the absolute path of a module, got ${module}`);
  const leave = given.leave ?? new AbortController().signal;
  const pace = { ...PACE, ...given.pace };
  const commands = slurmCommands();
  const queue = jobQueue(commands);
  const looking = { store, commands, queue };
  const submitting = { commands, store, module, options, setup, jobs, graceMs, patience: pace.patience };
  const place = collected<Ready, Element>(oneAtATime((ready: readonly Ready[]) => placed(ready, looking, submitting)));
  const stop = collected<string, void>(async (elements) => {
    await commands.stop(elements);
    return elements.map(() => {});
  });
  const kill = collected<string, void>(async (elements) => {
    await commands.kill(elements);
    return elements.map(() => {});
  });
  const following: Following = {
    store,
    commands,
    queue,
    pace,
    leave,
    graceMs,
    stop: (element) => void stop(element),
    kill: (element) => void kill(element),
  };
  let open = 0;
  return {
    queues: true,
    takesAll: true,
    async run(trial, task): Promise<Ending | null> {
      if (task.store.place !== store.place)
        throw studyError(
          `slurmJobs: made for the store ${store.place}, but the run uses ${task.store.place}; give both the same folder`,
        );
      if (task.signal.aborted || task.kill.aborted)
        return { status: "interrupted", reason: "stopped by the user", seconds: 0, write: false };
      open += 1;
      try {
        const element = await place({ trial, task });
        const ending = await followTrial(trial, element, task, following);
        if (ending?.goesOn !== true) rmSync(trialFiles(store.folderOf(trial)).live, { force: true });
        return ending;
      } finally {
        open -= 1;
        // The last one removes the arrays that are over.
        if (open === 0) await earlierElements([], looking).catch(() => {});
      }
    },
  };
}

/** A trial that is ready to run. */
interface Ready {
  readonly trial: PlannedTrial;
  readonly task: TrialTask;
}

/** Finds the jobs that earlier runners have left, and submits the other trials. */
async function placed(ready: readonly Ready[], looking: Looking, submitting: Submitting): Promise<readonly Element[]> {
  const elements = new Map(
    await earlierElements(
      ready.map(({ trial }) => trial),
      looking,
    ),
  );
  const left = ready.filter(({ trial }) => !elements.has(trial.id));
  // All trials of a run have the same, so this is one array.
  for (const alike of groupsBy(left, ({ task: { threads, dataFolder, limit, memory, changes } }) =>
    JSON.stringify([threads, dataFolder, limit, memory, changes]),
  )) {
    const [first] = alike;
    if (first === undefined) continue;
    const trials = alike.map(({ trial }) => trial);
    const submitted = await submitTrials(trials, first.task, submitting);
    for (const [index, element] of submitted.entries()) elements.set(trials[index]?.id ?? "", element);
  }
  return ready.map(({ trial }) => {
    const element = elements.get(trial.id);
    if (element === undefined) throw studyError(`slurmJobs: ${trial.folder} was not submitted`);
    return element;
  });
}

/** A later call must see what an earlier one has submitted. */
function oneAtATime<A, R>(work: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const next = last.then(() => work(argument));
    last = next.catch(() => {});
    return next;
  };
}

function groupsBy<T>(values: readonly T[], nameOf: (value: T) => string): readonly T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(nameOf(value), [...(groups.get(nameOf(value)) ?? []), value]);
  return [...groups.values()];
}
