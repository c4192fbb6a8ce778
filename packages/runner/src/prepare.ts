import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import {
  messageOf,
  planRun,
  planSweep,
  studyError,
  type Asked,
  type Executor,
  type RunCode,
  type RunPlan,
  type RunPlanOptions,
  type Study,
  type SweepPlan,
} from "@sluice/study";
import { z } from "zod";
import { childProcesses, type ChildProcessesOptions } from "./child/child-processes.ts";
import { trialCode } from "./child/identify.ts";
import { unchanged, type CodeIdentity } from "./code/identity.ts";
import { captureEnvironment } from "./environment.ts";
import { folderStore } from "./folder/folder-store.ts";
import { loadStudy } from "./load.ts";

/** Options of {@link prepareRun}. */
export interface RunOptions {
  /** Path of the module whose default export is the study. */
  readonly module: string;
  /** One of the study's budgets; by default its default budget. */
  readonly budget?: string;
  /** The runs folder. */
  readonly out: string;
  /** How many seeds, or a list of them; by default the number of the budget, or all of the study's seeds. */
  readonly seeds?: number | readonly number[];
  /** A part of the study, or other settings; default: all of it as it is. */
  readonly asked?: Asked;
  /** Threads per trial; by default the cores divided by the number of trials to run. */
  readonly threads?: number;
  /** Trials at a time; default: cores / threads. */
  readonly jobs?: number;
  /** Folder with data sets that are not npm packages; default: none. */
  readonly dataFolder?: string;
  /** Run failed, diverged and unreadable trials again. */
  readonly retry?: boolean;
  /**
   * Time limit per trial, in seconds. A trial that exceeds it is stopped and counts as failed. By default the study's
   * limit, or none.
   */
  readonly limit?: number;
  /**
   * Memory limit per trial, in bytes, for its process and all that it starts. A trial that exceeds it is killed and
   * counts as failed. By default the study's limit, or none. Not supported on Windows.
   */
  readonly memory?: number;
  /** The command to print for running the study again. */
  readonly command?: string;
  /** Makes what runs the trials; default: {@link childProcesses}, a process for each on this machine. */
  executor?(given: ChildProcessesOptions): Executor;
}

const count = z.int("expected an integer of at least 1").min(1, "expected an integer of at least 1").optional();

const optionsSchema = z.strictObject({
  module: z.string("expected the path of a module that exports a study").min(1),
  budget: z.string("expected the name of one of the study's budgets").optional(),
  out: z.string("expected the path of a folder for the run").min(1),
  seeds: z
    .union([count, z.array(z.int().min(0)).min(1)], "expected an integer of at least 1, or a list of seeds")
    .optional(),
  asked: z
    .strictObject({
      settings: z.record(z.string(), z.json()).optional(),
      tasks: z.array(z.string()).optional(),
      variants: z.array(z.string()).optional(),
    })
    .optional(),
  threads: count,
  jobs: count,
  dataFolder: z.string().optional(),
  retry: z.boolean().optional(),
  limit: z.number().gt(0, "expected a number of seconds above 0").optional(),
  memory: z.number().gt(0, "expected a number of bytes above 0").optional(),
  command: z.string().optional(),
  executor: z.custom<RunOptions["executor"]>((given) => typeof given === "function", "expected a function").optional(),
});

/** A run of a study from a module, in a folder, with one process per trial. */
export interface PreparedRun extends RunPlan {
  /** Path of the module. */
  readonly module: string;
  /** Path of the runs folder. */
  readonly out: string;
}

/** A sweep of a study from a module, in a folder, with one process per trial. */
export interface PreparedSweep extends SweepPlan {
  /** Path of the module. */
  readonly module: string;
  /** Path of the runs folder. */
  readonly out: string;
}

/**
 * Loads a study, identifies its code, checks its data, and finds the trials and those that are left to run. It writes
 * nothing; `runStudy` of `@sluice/study` runs the result.
 */
export async function prepareRun(options: RunOptions): Promise<PreparedRun> {
  const { study, planOptions, ...place } = await prepared("prepareRun", options);
  return { ...(await planRun(study, planOptions)), ...place };
}

/**
 * {@link prepareRun} for a sweep: plans the tuning trials that are left or, if there are none, the trials with the
 * chosen settings. `runSweep` of `@sluice/study` runs it to the report.
 */
export async function prepareSweep(options: RunOptions): Promise<PreparedSweep> {
  const { study, planOptions, ...place } = await prepared("prepareSweep", options);
  return { ...(await planSweep(study, planOptions)), ...place };
}

interface Prepared {
  readonly study: Study;
  readonly planOptions: RunPlanOptions;
  readonly module: string;
  readonly out: string;
}

async function prepared(operation: string, options: RunOptions): Promise<Prepared> {
  const checked = optionsSchema.safeParse(options);
  if (!checked.success) {
    const problems = checked.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? "the options" : path.join(".")}: ${message}`,
    );
    throw studyError(`${operation}: ${problems.join("; ")}`);
  }
  const { budget, seeds, asked, threads, jobs, retry, limit, memory, command } = options;
  const module = resolve(options.module);
  const out = resolve(options.out);
  const store = folderStore(out);
  const study = await loadStudy(module);
  const planOptions: RunPlanOptions = {
    store,
    executor: (options.executor ?? childProcesses)({ module, store }),
    cores: availableParallelism(),
    dataFolder: options.dataFolder === undefined ? null : resolve(options.dataFolder),
    code: watchedCode(module),
    module,
    command: command ?? `sluice run ${module}`,
    environment: (given) => captureEnvironment({ module, ...given }),
    ...(budget === undefined ? {} : { budget }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(asked === undefined ? {} : { asked }),
    ...(threads === undefined ? {} : { threads }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(retry === undefined ? {} : { retry }),
    ...(limit === undefined ? {} : { limit }),
    ...(memory === undefined ? {} : { memory }),
  };
  return { study, planOptions, module, out };
}

/** The identity of a module's code, which notices when the code changes. */
function watchedCode(module: string): RunCode {
  const identify = (): CodeIdentity => trialCode(module);
  const { hash, parts, unresolved, contents } = identify();
  let last: Pick<CodeIdentity, "hash" | "contents"> = { hash, contents };
  return {
    hash,
    parts,
    unresolved,
    changed() {
      try {
        if (!unchanged(last)) last = identify();
      } catch (error) {
        return `the code can no longer be read: ${messageOf(error)}`;
      }
      return last.hash === hash ? null : "the code changed while the study ran";
    },
  };
}
