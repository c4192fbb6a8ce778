import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { codeIdentity, type CodeIdentity } from "../code/identity.ts";
import { captureEnvironment, type Environment } from "../environment.ts";
import { messageOf, studyError } from "../error.ts";
import { loadStudy } from "../load.ts";
import { plan, type BudgetName, type PlannedTrial } from "../plan.ts";
import type { TrialRecord, TrialStatus } from "../results.ts";
import { readTrial, timedTrials, withEarlierSeeds } from "../store/read.ts";
import { mean } from "../statistics/summary.ts";
import type { Study } from "../study.ts";
import { trialArguments } from "./node-arguments.ts";

export interface RunOptions {
  /** Path of the module that exports the study by default. */
  readonly module: string;
  readonly budget: BudgetName;
  /** The runs folder. */
  readonly out: string;
  readonly seeds?: number;
  /** Threads a trial; by default the cores shared out among the trials that are left to run. */
  readonly threads?: number;
  /** Trials at a time; by default cores / threads. */
  readonly jobs?: number;
  readonly dataFolder?: string;
  /** Run failed, diverged and unreadable trials again. */
  readonly retry?: boolean;
  /**
   * Seconds that a trial may take; after them it is stopped and counts as failed. By default the study's limit, else
   * none.
   */
  readonly limit?: number;
  /** The command to print for running the study again. */
  readonly command?: string;
}

const count = z.int("expected a whole number of at least 1").min(1, "expected a whole number of at least 1").optional();

const optionsSchema = z.strictObject({
  module: z.string("expected the path of a module that exports a study").min(1),
  budget: z.enum(["quick", "full"]),
  out: z.string("expected the path of a folder for the run").min(1),
  seeds: count,
  threads: count,
  jobs: count,
  dataFolder: z.string().optional(),
  retry: z.boolean().optional(),
  limit: z.number().gt(0, "expected seconds above 0").optional(),
  command: z.string().optional(),
});

/** What a run is going to do; nothing has been written yet. */
export interface PreparedRun {
  readonly study: Study;
  readonly modulePath: string;
  readonly budget: BudgetName;
  readonly out: string;
  readonly trials: readonly PlannedTrial[];
  /** State of every trial as found. */
  readonly records: readonly TrialRecord[];
  readonly retry: boolean;
  readonly limit: number | null;
  /** The trials that will run. */
  readonly pending: readonly PlannedTrial[];
  readonly threads: number;
  readonly jobs: number;
  readonly dataFolder: string | null;
  readonly code: CodeIdentity;
  readonly data: { readonly [name: string]: string };
  readonly environment: Environment;
  readonly diff: string;
  readonly command: string;
  /** Seconds until all is done, roughly; `null` when nothing is known to go by. */
  readonly estimate: number | null;
}

/** Loads the study, checks its data, and finds out which trials there are and which are left to run. */
export async function prepareRun(options: RunOptions): Promise<PreparedRun> {
  const checked = optionsSchema.safeParse(options);
  if (!checked.success)
    throw studyError(
      `prepareRun: ${checked.error.issues.map(({ path, message }) => `${path.length === 0 ? "the options" : path.join(".")}: ${message}`).join("; ")}`,
    );
  const modulePath = resolve(options.module);
  const out = resolve(options.out);
  const study = await loadStudy(modulePath);
  const dataFolder = options.dataFolder === undefined ? null : resolve(options.dataFolder);
  const data = await dataHashes(study, dataFolder);
  const code = codeIdentity(modulePath, { execArgv: trialArguments() });
  const planned = plan(study, {
    budget: options.budget,
    code: code.hash,
    data,
    ...(options.seeds === undefined ? {} : { seeds: options.seeds }),
  });
  const { trials } = withEarlierSeeds(out, planned);
  const records = trials.map((trial) => readTrial(out, trial));
  const retry = options.retry === true;
  const asked = new Set(planned.map((trial) => trial.id));
  const pending = trials.filter((trial, index) => asked.has(trial.id) && isLeft(records[index]?.status, retry));
  const cores = availableParallelism();
  const threads = options.threads ?? Math.max(1, Math.floor(cores / Math.max(1, pending.length)));
  const jobs = options.jobs ?? Math.max(1, Math.floor(cores / threads));
  const command = options.command ?? `sluice run ${modulePath}`;
  return {
    study,
    modulePath,
    budget: options.budget,
    out,
    trials,
    records,
    pending,
    retry,
    limit: options.limit ?? study.limit ?? null,
    threads,
    jobs,
    dataFolder,
    code,
    data,
    command,
    ...captureEnvironment({ modulePath, threads, command }),
    estimate: estimate(study, pending, jobs, out),
  };
}

/** Whether a trial that stands so will run. */
export function isLeft(status: TrialStatus | undefined, retry: boolean): boolean {
  return status === "waiting" || status === "interrupted" || (retry && status !== undefined && status !== "done");
}

async function dataHashes(study: Study, dataFolder: string | null): Promise<{ readonly [name: string]: string }> {
  try {
    return (await study.data?.({ dataFolder })) ?? {};
  } catch (error) {
    throw studyError(`data of the study "${study.name}": ${messageOf(error)}`, error);
  }
}

/** From trials timed in this folder where there are any, else from the study's own guess. */
function estimate(study: Study, pending: readonly PlannedTrial[], jobs: number, out: string): number | null {
  const timed = timedTrials(out);
  let total = 0;
  for (const trial of pending) {
    const alike = timed
      .filter((entry) => entry.task === trial.task && entry.variant === trial.variant)
      .map((entry) => entry.seconds);
    const seconds = alike.length > 0 ? mean(alike) : study.estimate?.(trial.config);
    if (seconds === undefined) return null;
    total += seconds;
  }
  return total / Math.min(jobs, Math.max(1, pending.length));
}
