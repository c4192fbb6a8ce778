import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import {
  identified,
  messageOf,
  metricDirections,
  recordOf,
  reportedOf,
  studyError,
  systemCode,
  UNFINISHED,
  type Manifest,
  type PlannedTrial,
  type StoredIdentities,
  type TrialIdentity,
  type TrialRecord,
} from "@sluice/study";
import { projectRoot } from "../code/root.ts";
import { readKept } from "./kept-files.ts";
import { metricsSealSchema } from "./metrics-seal.ts";
import { runFiles, trialFiles } from "./files.ts";
import { readSealed, type SealedKind } from "./seal.ts";
import type { StoredResult } from "./stored-result.ts";

export const resultSchema = z.looseObject({
  trial: z.string(),
  status: z.enum(["done", "diverged", "failed", "interrupted"]),
  reason: z.string().optional(),
  metrics: z.record(z.string(), z.number().nullable()),
  weights: z.string().optional(),
  varies: z.string().optional(),
  parameters: z.number().optional(),
  files: z.record(z.string(), z.string()).optional(),
  warnings: z.array(z.string()).optional(),
  rests: z
    .object({
      metrics: metricsSealSchema,
      series: z.record(z.string(), z.string()),
      curves: z.string().optional(),
    })
    .nullable(),
  timings: z.looseObject({ seconds: z.number().optional() }),
});

export const configSchema = z.looseObject({
  id: z.string(),
  study: z.string(),
  task: z.string(),
  variant: z.string(),
  seed: z.number(),
  fold: z.object({ index: z.int(), of: z.int() }).optional(),
  tuning: z.record(z.string(), z.json()).optional(),
  config: z.record(z.string(), z.json()),
  code: z.string(),
  data: z.record(z.string(), z.string()),
  imported: z
    .looseObject({
      sha256: z.string(),
      source: z.string(),
      read: z.record(z.string(), z.string()),
      date: z.string(),
      by: z.string().nullable(),
      hardware: z.string().nullable(),
      software: z.string().nullable(),
      commit: z.string().nullable(),
    })
    .optional(),
});

const manifestSchema = z.looseObject({
  name: z.string(),
  title: z.string(),
  budget: z.string(),
  tasks: z.array(z.string()),
  variants: z.array(z.string()),
  metrics: z.record(z.string(), z.looseObject({ label: z.string(), better: z.enum(metricDirections) })),
  trials: z.array(configSchema),
});

/** Reads a sealed file and checks its format. The error says which file, what is wrong, and how to continue. */
export function readChecked<T>(path: string, kind: SealedKind, schema: z.ZodType, goOn: string): T {
  return checkedContent<T>(readSealed(path, kind, goOn).content, schema, { path, goOn });
}

/** Content of the right form. `T` is what the schema describes. */
export function checkedContent<T>(
  content: unknown,
  schema: z.ZodType,
  { path, goOn }: { readonly path: string; readonly goOn: string },
): T {
  const checked = schema.safeParse(content);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const what = `"${issue?.path.join(".") ?? ""}" is not valid (${issue?.message ?? "wrong form"})`;
    throw studyError(`${path}: ${what}. ${goOn}`, checked.error);
  }
  return checked.data as T;
}

/** A module that is not an absolute path is below the root of the checkout that the folder is in. */
export function readManifest(folder: string): Manifest {
  const manifest = readChecked<Manifest>(
    runFiles(folder).manifest,
    "study",
    manifestSchema,
    "Run the study again with the same --out: the file is written again and the trials' folders are kept.",
  );
  const { module } = manifest;
  return module === null || isAbsolute(module)
    ? manifest
    : { ...manifest, module: resolve(projectRoot(folder), module) };
}

/** The status of a planned trial, from its folder. */
export function readTrial(runs: string, trial: PlannedTrial): TrialRecord {
  const folder = join(runFiles(runs).trials, trial.folder);
  try {
    const result = readResult(folder, trial.id);
    const { reason: _, ...record } = recordOf(trial, folder, UNFINISHED);
    return { ...record, ...reportedOf(result) };
  } catch (error) {
    if (error instanceof Error && systemCode(error.cause) === "ENOENT")
      return recordOf(trial, folder, existsSync(folder) ? UNFINISHED : { status: "waiting", reason: "not started" });
    return recordOf(trial, folder, { status: "unreadable", reason: messageOf(error) });
  }
}

/** The identity of a trial, from its folder alone. */
export function readIdentity(folder: string, goOn = ""): TrialIdentity & { readonly id: string } {
  return readChecked<TrialIdentity & { id: string }>(trialFiles(folder).config, "config", configSchema, goOn);
}

export function readResult(folder: string, trial: string): StoredResult {
  const path = trialFiles(folder).result;
  const goOn =
    "Nothing was changed. To run the trial again from the beginning, use --retry, which first moves the folder aside; to keep the result, restore the file from a copy.";
  const result = readChecked<StoredResult>(path, "result", resultSchema, goOn);
  if (result.trial !== trial)
    throw studyError(
      `${path}: the result of another trial (${result.trial.slice(0, 12)}, expected ${trial.slice(0, 12)}). ${goOn}`,
      new Error("another trial"),
    );
  return result;
}

/** A file of a trial that has a result. */
export function readFileOf({ folder, files = {} }: TrialRecord, name: string): Uint8Array {
  const hash = Object.hasOwn(files, name) ? files[name] : undefined;
  if (hash === undefined) {
    const names = Object.keys(files);
    throw studyError(
      `${folder}: the trial has no file "${name}"; ${names.length === 0 ? "it has no files" : `it has ${names.join(", ")}`}`,
    );
  }
  return readKept(trialFiles(folder).kept, name, hash);
}

/** The identities of the trials in a runs folder. The folders of trials that are known are not looked into. */
export function storedIdentities(runs: string, known: readonly PlannedTrial[] = []): StoredIdentities {
  const problems: { folder: string; what: string }[] = [];
  const seen = new Set(known.map(({ folder }) => folder));
  const identities = foldersIn(runFiles(runs).trials, problems).flatMap((name) => {
    if (seen.has(name)) return [];
    const { config, environment, log } = trialFiles(join(runFiles(runs).trials, name));
    // A trial that was stopped before it had written anything does not count.
    if (!existsSync(config) && !existsSync(environment) && existsSync(log)) return [];
    try {
      const identity = readIdentity(join(runFiles(runs).trials, name), LEFT_OUT);
      if (identified(identity).folder !== name || identified(identity).id !== identity.id)
        throw studyError(`${config}: the settings of another trial. ${LEFT_OUT}`);
      return [identity];
    } catch (error) {
      problems.push({ folder: name, what: messageOf(error) });
      return [];
    }
  });
  return { identities, problems };
}

const LEFT_OUT = "It is not known which trial this is, so the report leaves it out";

function foldersIn(path: string, problems: { folder: string; what: string }[]): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.includes(".aside-"))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (systemCode(error) !== "ENOENT") problems.push({ folder: "", what: `${path}: ${messageOf(error)}` });
    return [];
  }
}
