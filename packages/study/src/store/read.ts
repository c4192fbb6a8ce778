import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, studyError, systemCode } from "../error.ts";
import type { Environment } from "../environment.ts";
import { identified, type BudgetName, type PlannedTrial, type TrialIdentity } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import type { Anchor, Metric } from "../study.ts";
import type { Settings } from "../trial.ts";
import { runFiles, trialFiles } from "./files.ts";
import type { TrialResult } from "./result.ts";

/** `study.json` in a runs folder: what was asked and what was planned; enough, with the trials' folders, for the report. */
export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly notes?: string;
  readonly stepLabel: string;
  readonly budget: BudgetName;
  /** Path of the study's module, for running it again. */
  readonly module: string;
  readonly command: string;
  readonly code: string;
  /** What the code's identity does not cover. */
  readonly unresolved?: readonly string[];
  readonly data: { readonly [name: string]: string };
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  readonly anchors: readonly Anchor[];
  readonly trials: readonly PlannedTrial[];
}

const resultSchema = z.looseObject({
  status: z.enum(["done", "diverged", "failed", "interrupted"]),
  reason: z.string().optional(),
  metrics: z.record(z.string(), z.number().nullable()),
  weights: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  timings: z.looseObject({ seconds: z.number() }),
});

const configSchema = z.looseObject({
  id: z.string(),
  study: z.string(),
  task: z.string(),
  variant: z.string(),
  seed: z.number(),
  config: z.record(z.string(), z.json()),
  code: z.string(),
  data: z.record(z.string(), z.string()),
});

const manifestSchema = z.looseObject({
  name: z.string(),
  title: z.string(),
  budget: z.enum(["quick", "full"]),
  tasks: z.array(z.string()),
  variants: z.array(z.string()),
  metrics: z.record(z.string(), z.looseObject({ label: z.string(), better: z.enum(["higher", "lower"]) })),
  trials: z.array(configSchema),
});

/** Reads a JSON file and checks its form; the error says which file, what is wrong, and how to go on. */
function readChecked<T>(path: string, schema: z.ZodType, goOn: string): T {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const what = systemCode(error) === "ENOENT" ? "the file is missing" : systemCode(error) === undefined ? `not JSON (${messageOf(error)})` : messageOf(error);
    throw studyError(`${path}: ${what}. ${goOn}`, error);
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw studyError(`${path}: "${issue?.path.join(".") ?? ""}" is not as it should be (${issue?.message ?? "wrong form"}). ${goOn}`);
  }
  return checked.data as T;
}

export function readManifest(folder: string): Manifest {
  return readChecked(runFiles(folder).manifest, manifestSchema, "Run the study again with the same --out: the file is written anew and the trials' folders are kept.");
}

/** The state of a planned trial, from its folder alone. */
export function readTrial(runs: string, trial: PlannedTrial): TrialRecord {
  const folder = join(runFiles(runs).trials, trial.folder);
  const { id, task, variant, seed } = trial;
  const record = { id, folder, task, variant, seed, metrics: {}, warnings: [] };
  if (!existsSync(folder)) return { ...record, status: "waiting", reason: "not started" };
  const path = trialFiles(folder).result;
  if (!existsSync(path)) return { ...record, status: "interrupted", reason: "ended without a result; goes on from its last checkpoint" };
  try {
    const goOn = "Nothing was changed. To run the trial anew use --retry, which first moves the folder aside; to keep the result, mend the file.";
    const result = readChecked<TrialResult>(path, resultSchema, goOn);
    return {
      ...record,
      status: result.status,
      ...(result.reason === undefined ? {} : { reason: result.reason }),
      metrics: result.metrics,
      ...(result.weights === undefined ? {} : { weights: result.weights }),
      seconds: result.timings.seconds,
      warnings: result.warnings ?? [],
    };
  } catch (error) {
    return { ...record, status: "unreadable", reason: messageOf(error) };
  }
}

export function readEnvironment(trialFolder: string): Environment | null {
  try {
    const environment: Environment = JSON.parse(readFileSync(trialFiles(trialFolder).environment, "utf8"));
    return environment;
  } catch {
    return null;
  }
}

export interface FoundTrials {
  /** Trials of the same settings, code and data as the plan, those of seeds that were planned earlier included. */
  readonly trials: readonly PlannedTrial[];
  /** Folders of other code, data or settings: kept, and left out. */
  readonly others: number;
}

/** Adds to a plan the trials in the folder that differ from it by the seed alone, so that no seed is dropped by asking for fewer. */
export function withEarlierSeeds(runs: string, planned: readonly PlannedTrial[]): FoundTrials {
  const known = new Set(planned.map((trial) => trial.id));
  const trials = [...planned];
  let others = 0;
  for (const identity of storedIdentities(runs)) {
    const twin = planned.find((trial) => trial.task === identity.task && trial.variant === identity.variant);
    const expected = twin === undefined ? undefined : identified({ ...twin, seed: identity.seed });
    if (expected !== undefined && expected.id === identity.id) {
      if (!known.has(expected.id)) trials.push(expected);
      known.add(expected.id);
    } else others += 1;
  }
  return { trials, others };
}

function storedIdentities(runs: string): (TrialIdentity & { readonly id: string })[] {
  const folder = runFiles(runs).trials;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      if (name.includes(".aside-")) return [];
      try {
        return [readChecked<TrialIdentity & { id: string; config: Settings }>(trialFiles(join(folder, name)).config, configSchema, "")];
      } catch {
        return [];
      }
    });
}

/** Seconds that finished trials took, whatever their code, by task and variant: what an estimate is made from. */
export function timedTrials(runs: string): { readonly task: string; readonly variant: string; readonly seconds: number }[] {
  return storedIdentities(runs).flatMap((identity) => {
    const record = readTrial(runs, identified(identity));
    return record.status === "done" && record.seconds !== undefined ? [{ task: identity.task, variant: identity.variant, seconds: record.seconds }] : [];
  });
}
