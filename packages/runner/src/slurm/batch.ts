import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { messageOf, systemCode, type Environment, type PlannedTrial } from "@sluice/study";
import { readChecked } from "../folder/read.ts";
import { writeSealed } from "../folder/seal.ts";
import { makeFolder, writeAtomically } from "../folder/write.ts";

/** A job array: what its elements need to run their trials. */
export interface Batch {
  /** Name of the jobs. */
  readonly name: string;
  /** Path of the study's module. */
  readonly module: string;
  /** Hash of its code when the array was submitted. */
  readonly code: string;
  /** The runs folder. */
  readonly out: string;
  /** The trials, by the numbers of the elements. */
  readonly trials: readonly PlannedTrial[];
  readonly threads: number;
  readonly dataFolder: string | null;
  /** Time limit of a trial in its session, in seconds. */
  readonly limit: number | null;
  /** Milliseconds in which a trial that was asked to stop must end. */
  readonly graceMs: number;
  readonly environment: Environment;
  /** Text of the uncommitted changes. */
  readonly changes: string;
}

const schema = z.looseObject({
  name: z.string(),
  module: z.string(),
  code: z.string(),
  out: z.string(),
  trials: z.array(z.looseObject({ id: z.string(), folder: z.string() })),
  threads: z.number(),
  limit: z.number().nullable(),
  graceMs: z.number(),
});

/** Where the arrays of a runs folder stand. */
export const batchesOf = (out: string): string => join(out, "slurm");

const filesOf = (folder: string) => ({
  batch: join(folder, "batch.json"),
  script: join(folder, "job.sh"),
  job: join(folder, "job.txt"),
});

/** Writes the folder of an array, before it is submitted, and returns the path of its script. */
export function writeBatch(folder: string, batch: Batch, script: string): string {
  makeFolder(folder);
  const files = filesOf(folder);
  writeAtomically(files.script, script);
  writeSealed(files.batch, "batch", batch);
  return files.script;
}

/** @throws an error that names the file, if it is missing or damaged. */
export const readBatch = (folder: string): Batch =>
  readChecked<Batch>(filesOf(folder).batch, "batch", schema, "Run the study again: its trials are submitted again");

/** Notes the number of the job array. */
export function writeJob(folder: string, job: string): void {
  writeAtomically(filesOf(folder).job, `${job}\n`);
}

/** The number of the job array; `null` if the runner died while it submitted the array. */
function readJob(folder: string): string | null {
  try {
    return readFileSync(filesOf(folder).job, "utf8").trim();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Removes the folder of an array that is over. */
export function removeBatch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Other arrays are there.
  }
}

/** The arrays that earlier runners have left in a runs folder, with what cannot be read. */
export function storedBatches(out: string): {
  readonly found: readonly { readonly folder: string; readonly batch: Batch; readonly job: string | null }[];
  readonly damaged: readonly string[];
} {
  const parent = batchesOf(out);
  const damaged: string[] = [];
  if (!existsSync(parent)) return { found: [], damaged };
  const found = readdirSync(parent).flatMap((name) => {
    const folder = join(parent, name);
    try {
      return existsSync(filesOf(folder).batch) ? [{ folder, batch: readBatch(folder), job: readJob(folder) }] : [];
    } catch (error) {
      damaged.push(messageOf(error));
      return [];
    }
  });
  return { found, damaged };
}
