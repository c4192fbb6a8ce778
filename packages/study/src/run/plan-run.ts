import { studyWith, type Asked } from "../asked.ts";
import { unknownEnvironment, type Environment } from "../environment.ts";
import { messageOf, studyError } from "../error.ts";
import { budgetOf, plan, type PlannedTrial } from "../plan.ts";
import type { TrialRecord, TrialStatus } from "../results.ts";
import type { Study } from "../study.ts";
import { runTime, type RunTime } from "../time/run-time.ts";
import type { Tuning } from "../tuning/tuning.ts";
import type { Executor } from "./executor.ts";
import type { Store } from "./store.ts";
import { withEarlierSeeds } from "./stored.ts";

/** Options of {@link planRun}. */
export interface RunPlanOptions {
  /** Keeps the trials, such as `memoryStore()`. */
  readonly store: Store;
  /** Runs the trials, such as `inProcess()`. */
  readonly executor: Executor;
  /** One of the study's budgets; by default its default budget. */
  readonly budget?: string;
  /** How many seeds, or a list of them; by default the number of the budget, or all of the study's seeds. */
  readonly seeds?: number | readonly number[];
  /** A part of the study, or other settings; default: all of it as it is. */
  readonly asked?: Asked;
  /** CPU cores that the run may use; default 1. */
  readonly cores?: number;
  /** Threads per trial; by default the cores divided by the number of trials to run, or 1 if the executor takes all. */
  readonly threads?: number;
  /** Trials at a time; default: cores / threads, or all if the executor takes all. */
  readonly jobs?: number;
  /** Passed to the study's `data` and to its trials; default: none. */
  readonly dataFolder?: string | null;
  /** Run failed, diverged and unreadable trials again. */
  readonly retry?: boolean;
  /** Time limit per trial, in seconds; by default the study's limit, or none. */
  readonly limit?: number;
  /** Memory limit per trial, in bytes, with all processes that it starts; by default the study's limit, or none. */
  readonly memory?: number;
  /** Identifies the trials' code. Without it all code counts as the same; if you keep trials, give a version. */
  readonly code?: RunCode;
  /** Path of the study's module, for the report. */
  readonly module?: string | null;
  /** The command to print for running the study again. */
  readonly command?: string;
  /** Describes where it runs, given the number of threads, including the text of the uncommitted changes. */
  environment?(given: { readonly threads: number; readonly command: string }): {
    readonly environment: Environment;
    readonly changes: string;
  };
}

/** The identity of the code of a run's trials, and whether it is still the same. */
export interface RunCode {
  readonly hash: string;
  /** What it is made of: a hash for each file and package. It tells which of them differ between two runs. */
  readonly parts?: { readonly [name: string]: string };
  /** What the hash does not cover, with the reason. */
  readonly unresolved: readonly string[];
  /** Called before each trial: `null`, or why no more trials may be started. */
  changed?(): string | null;
}

/** What a run will do. Nothing has been written yet. */
export interface RunPlan {
  readonly study: Study;
  readonly store: Store;
  readonly executor: Executor;
  readonly budget: string;
  readonly trials: readonly PlannedTrial[];
  /** The status of every trial before the run. */
  readonly records: readonly TrialRecord[];
  readonly retry: boolean;
  readonly limit: number | null;
  /** Memory limit per trial, in bytes. */
  readonly memory: number | null;
  /** The trials that will run. */
  readonly pending: readonly PlannedTrial[];
  readonly threads: number;
  readonly jobs: number;
  readonly dataFolder: string | null;
  readonly code: RunCode;
  readonly data: { readonly [name: string]: string };
  readonly module: string | null;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
  /** What was asked of the study, if not all of it as it is. */
  readonly asked?: Asked;
  /** For a sweep: what it tunes. Its tuning trials are among `trials`. */
  readonly tuning?: Tuning;
  readonly command: string;
  /** How long it will take, as far as is known. */
  readonly time: RunTime;
}

const UNIDENTIFIED: RunCode = { hash: "not identified", unresolved: [] };

/** Checks the study's data and finds the trials and those that are left to run. */
export async function planRun(whole: Study, options: RunPlanOptions): Promise<RunPlan> {
  const base = await runBase(whole, options);
  const { study, budget, code, data } = base;
  const { seeds } = options;
  const planned = plan(study, { budget, code: code.hash, data, ...(seeds === undefined ? {} : { seeds }) });
  return runPlanOf(base, { planned });
}

/** What all trials of a run have in common. */
export interface RunBase {
  readonly study: Study;
  readonly budget: string;
  readonly code: RunCode;
  readonly data: { readonly [name: string]: string };
  readonly options: RunPlanOptions;
}

/** Checks the study's budget and data. */
export async function runBase(whole: Study, options: RunPlanOptions): Promise<RunBase> {
  const study = options.asked === undefined ? whole : studyWith(whole, options.asked);
  const { name: budget } = budgetOf(study, options.budget);
  const data = await dataHashes(study, options.dataFolder ?? null);
  return { study, budget, code: options.code ?? UNIDENTIFIED, data, options };
}

/** The trials of a run, and how a sweep tuned them. */
interface Planned {
  readonly planned: readonly PlannedTrial[];
  /** Ids of trials that are not run again, whatever their status. */
  readonly ran?: ReadonlySet<string>;
  readonly tuning?: Tuning;
}

/** The plan that runs what is left of these trials. */
export async function runPlanOf(
  { study, budget, code, data, options }: RunBase,
  { planned, ran = new Set(), tuning }: Planned,
): Promise<RunPlan> {
  const { store, executor, dataFolder = null, retry = false } = options;
  const { module = null, command = `a run of the study "${study.name}"` } = options;
  const { trials } = await withEarlierSeeds(store, planned);
  const records: TrialRecord[] = [];
  for (const trial of trials) records.push(await store.readTrial(trial));
  const asked = new Set(planned.map((trial) => trial.id));
  const pending = trials.filter(
    ({ id }, index) => asked.has(id) && !ran.has(id) && isLeft(records[index]?.status, retry),
  );
  const { threads, jobs } = sharesOf(options, pending.length);
  const found = options.environment?.({ threads, command });
  return {
    study,
    store,
    executor,
    budget,
    trials,
    records,
    pending,
    retry,
    limit: options.limit ?? study.limit ?? null,
    memory: options.memory ?? study.memory ?? null,
    threads,
    jobs,
    dataFolder,
    code,
    data,
    module,
    ...(options.asked === undefined ? {} : { asked: options.asked }),
    ...(tuning === undefined ? {} : { tuning }),
    command,
    environment: found?.environment ?? unknownEnvironment({ threads, command }),
    changes: found?.changes ?? "",
    time: await runTime({ study, trials, pending, jobs }, store),
  };
}

/** The cores of this machine say nothing about a cluster, which starts as many trials as it has room for. */
function sharesOf({ executor, cores = 1, ...options }: RunPlanOptions, trials: number) {
  const some = Math.max(1, trials);
  const threads = options.threads ?? (executor.takesAll === true ? 1 : Math.max(1, Math.floor(cores / some)));
  const jobs = options.jobs ?? (executor.takesAll === true ? some : Math.max(1, Math.floor(cores / threads)));
  return { threads, jobs };
}

/** Whether a trial with this status will run. */
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
