/** What travels through Redis. Everything is checked when it is read, because others may write there too. */
import { studyError, type Json, type PlannedTrial, type Progress } from "@sluice/study";
import { z } from "zod";

const json: z.ZodType<Json> = z.json();

const trialSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  folder: z.string().regex(/^[^/\\]+$/),
  study: z.string(),
  task: z.string(),
  variant: z.string(),
  seed: z.number(),
  fold: z.object({ index: z.int(), of: z.int() }).optional(),
  tuning: z.record(z.string(), json).optional(),
  config: z.record(z.string(), json),
  code: z.string(),
  data: z.record(z.string(), z.string()),
});

const parcelSchema = z.object({
  id: z.string(),
  pieces: z.int().min(0),
  files: z.array(z.object({ path: z.string(), bytes: z.int().min(0), sha256: z.string() })),
});

/** The folder of a trial in Redis: the list of its files. The bytes are under the key of its id. */
export type ParcelNote = z.infer<typeof parcelSchema>;

const progressSchema = z.object({
  step: z.number(),
  steps: z.number(),
  // JSON writes numbers that are not finite as null.
  loss: z.number().nullable().optional(),
  accuracy: z.number().nullable().optional(),
  gradientNorm: z.number().nullable().optional(),
  examplesPerSecond: z.number().nullable().optional(),
});

const newsSchema = z.object({
  worker: z.string(),
  resumed: z.number().nullable(),
  progress: progressSchema.nullable(),
});

const jobSchema = z.object({
  trial: trialSchema,
  /** Path of the study's module from the root of the project, with "/" between its parts. */
  module: z.string(),
  place: z.string(),
  limit: z.number().nullable(),
  /** Memory limit in bytes. */
  memory: z.number().nullable(),
  /** Where the runs folder is, for the worker's terminal. */
  from: z.string(),
  command: z.string(),
});

const resultSchema = newsSchema.extend({
  status: z.enum(["done", "diverged", "failed", "interrupted"]),
  reason: z.string().nullable(),
  /** `null` for a trial that was stopped before it began. */
  parcel: parcelSchema.nullable(),
});

const savedSchema = z.object({ step: z.number(), parcel: parcelSchema, by: z.enum(["runner", "worker"]) });

/** What a worker is asked to run. */
export interface Job extends Omit<z.infer<typeof jobSchema>, "trial"> {
  readonly trial: PlannedTrial;
}
/** Where a trial runs, and how far it is. */
export type News = z.infer<typeof newsSchema>;
/** How a trial ended on a worker. */
export type Result = z.infer<typeof resultSchema>;
/** The parcel from which a trial goes on. */
export type Saved = z.infer<typeof savedSchema>;

const read =
  <T>(what: string, schema: z.ZodType<T>) =>
  (text: string): T => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw studyError(`${what} in Redis is not JSON`, error);
    }
    return checked(what, schema, value);
  };

function checked<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw studyError(
    `${what} in Redis is not valid: "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "wrong form"}; runner and worker must be of the same version of Sluice`,
    found.error,
  );
}

export const readNews = read("news of a trial", newsSchema);
export const readResult = read("the result of a trial", resultSchema);
export const readSaved = read("a saved trial", savedSchema);
/** Files and packages of a code, with their hashes. */
export const readParts = read("the list of a study's files", z.record(z.string(), z.string()));

/** @throws an error for a job of another form. */
export function readJob(value: unknown): Job {
  const { trial, ...rest } = checked("a job", jobSchema, value);
  const { fold, tuning, ...identity } = trial;
  return {
    ...rest,
    trial: { ...identity, ...(fold === undefined ? {} : { fold }), ...(tuning === undefined ? {} : { tuning }) },
  };
}

/** Progress as a trial reported it: `null` was a number that is not finite. */
export function progressOf(stored: NonNullable<News["progress"]>): Progress {
  const { step, steps, ...others } = stored;
  const numbers = Object.entries(others).filter(([, value]) => value !== undefined);
  return { step, steps, ...Object.fromEntries(numbers.map(([name, value]) => [name, value ?? Number.NaN])) };
}
