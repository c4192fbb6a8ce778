import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { PlannedTrial, TrialTask } from "@sluice/study";
import { trialArguments } from "../child/node-arguments.ts";
import { codeIdentity } from "../code/identity.ts";
import { trialFiles } from "../folder/files.ts";
import type { FolderStore } from "../folder/folder-store.ts";
import { batchesOf, removeBatch, writeBatch, writeJob } from "./batch.ts";
import type { SlurmCommands } from "./commands.ts";
import { slurmEntry } from "./entry-path.ts";
import { minutesOf, slurmArguments, type SlurmOptions } from "./options.ts";
import { jobScript } from "./script.ts";

/** Where a trial stands among the jobs of Slurm: an element of a job array. */
export interface Element {
  readonly job: string;
  readonly index: number;
  /** Path of the folder of the array. */
  readonly folder: string;
}

/** The number that Slurm's commands know an element by. */
export const elementName = ({ job, index }: Element): string => `${job}_${index}`;

/** What does not change from array to array. */
export interface Submitting {
  readonly commands: SlurmCommands;
  readonly store: FolderStore;
  /** Path of the study's module. */
  readonly module: string;
  readonly options: SlurmOptions;
  readonly setup: string;
  /** Trials at a time; `null` for as many as Slurm starts. */
  readonly jobs: number | null;
  readonly graceMs: number;
  /** Seconds in which a file of another machine must appear. */
  readonly patience: number;
}

type ArrayTask = Pick<TrialTask, "threads" | "dataFolder" | "limit" | "memory" | "environment" | "changes">;

/** Submits trials as one job array, or as several if there are more than an array may have. */
export async function submitTrials(
  trials: readonly PlannedTrial[],
  task: ArrayTask,
  submitting: Submitting,
): Promise<Element[]> {
  const most = await submitting.commands.largestArray();
  const elements: Element[] = [];
  let before: string | null = null;
  for (let from = 0; from < trials.length; from += most) {
    const part = await submitArray(trials.slice(from, from + most), task, { ...submitting, before });
    elements.push(...part);
    // The limit holds for each array, so the next one waits for this one.
    if (submitting.jobs !== null) before = part[0]?.job ?? null;
  }
  return elements;
}

async function submitArray(
  trials: readonly PlannedTrial[],
  { threads, dataFolder, limit, memory, environment, changes }: ArrayTask,
  {
    commands,
    store,
    module,
    options,
    setup,
    jobs,
    graceMs,
    patience,
    before,
  }: Submitting & { readonly before: string | null },
): Promise<Element[]> {
  const name = `${trials[0]?.study ?? "sluice"}-${randomBytes(4).toString("hex")}`;
  const folder = join(batchesOf(store.folder), name);
  const script = writeBatch(
    folder,
    {
      name,
      module,
      code: codeIdentity(module, { execArgv: trialArguments() }).hash,
      out: store.folder,
      trials,
      threads,
      dataFolder,
      limit,
      graceMs,
      environment,
      changes,
    },
    jobScript({
      folder,
      logs: trials.map((trial) => trialFiles(store.folderOf(trial)).log),
      node: process.execPath,
      nodeArguments: trialArguments(),
      entry: slurmEntry,
      module,
      setup,
      patience,
    }),
  );
  const array = `0-${trials.length - 1}${jobs === null || jobs >= trials.length ? "" : `%${jobs}`}`;
  try {
    const job = await commands.submit([
      `--job-name=${name}`,
      `--array=${array}`,
      ...sizeArguments({ threads, limit, memory, graceMs, options }),
      ...(before === null ? [] : [`--dependency=afterany:${before}`]),
      ...slurmArguments(options),
      script,
    ]);
    writeJob(folder, job);
    return trials.map((_, index) => ({ job, index, folder }));
  } catch (error) {
    removeBatch(folder);
    throw error;
  }
}

/** Seconds before its end at which Slurm asks a job to write a checkpoint. */
const WARNING = 60;

function sizeArguments({
  threads,
  limit,
  memory,
  graceMs,
  options,
}: {
  readonly threads: number;
  readonly limit: number | null;
  readonly memory: number | null;
  readonly graceMs: number;
  readonly options: SlurmOptions;
}): readonly string[] {
  const { time } = options;
  // The trial stops itself at its limit. Slurm counts the start of Node and the writing of the checkpoint too.
  const own = limit === null ? null : Math.ceil((limit + graceMs / 1000 + 2 * WARNING) / 60) + 1;
  const minutes = typeof time === "string" ? minutesOf(time) : own;
  return [
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${threads}`,
    // What a trial prints is in its log. A file beside it could not be written where the folder is not shared.
    "--output=/dev/null",
    ...(options["mem"] === undefined && memory !== null ? [`--mem=${Math.ceil(memory / 1_048_576)}M`] : []),
    ...(time === undefined && own !== null ? [`--time=${own}`] : []),
    // Slurm may send it a minute early. In a shorter time it would come at the start.
    ...(options["signal"] === undefined && (minutes === null || minutes >= 5) ? [`--signal=B:TERM@${WARNING}`] : []),
  ];
}
