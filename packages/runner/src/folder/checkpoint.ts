import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, studyError, systemCode, type FileHashes, type Json, type Restored } from "@sluice/study";
import type { MetricsSeal } from "./metrics.ts";
import { metricsSealSchema } from "./metrics-seal.ts";
import { readSealed, writeSealed } from "./seal.ts";
import { sha256 } from "./sha256.ts";
import { writeAtomically } from "./write.ts";

/**
 * `checkpoints/<step>.json`; the bytes are next to it in `<step>.bin`. The checkpoint exists once this file has been
 * renamed to its name.
 */
const checkpointSchema = z.object({
  /** Id of the trial. */
  trial: z.string(),
  step: z.number(),
  /** SHA-256 of the bytes. */
  sha256: z.string(),
  state: z.json(),
  /** What `metrics.jsonl` contained at the checkpoint. */
  metrics: metricsSealSchema,
  /** Lines by series, as far as they had been written. */
  series: z.record(z.string(), z.array(z.string())),
  /** SHA-256 of the trial's files, by name. */
  files: z.record(z.string(), z.string()),
  /** Seconds of work up to the checkpoint, over all sessions. */
  seconds: z.number(),
});

export interface StoredCheckpoint extends Restored {
  readonly trial: string;
  readonly metrics: MetricsSeal;
  readonly series: { readonly [name: string]: readonly string[] };
  readonly files: FileHashes;
  readonly seconds: number;
}

/** Writes a checkpoint and then removes the older ones. */
export function writeCheckpoint(folder: string, { bytes, ...checkpoint }: StoredCheckpoint): void {
  const name = String(checkpoint.step).padStart(9, "0");
  writeAtomically(join(folder, `${name}.bin`), bytes);
  writeSealed(join(folder, `${name}.json`), "checkpoint", { ...checkpoint, sha256: sha256(bytes) });
  for (const entry of readdirSync(folder)) {
    if (entry !== `${name}.bin` && entry !== `${name}.json`) rmSync(join(folder, entry), { force: true });
  }
}

/** The last undamaged checkpoint of a trial, or `null`. `skipped` says what is wrong with later ones. */
export function readCheckpoint(
  folder: string,
  trial: string,
): { checkpoint: StoredCheckpoint | null; skipped: string[] } {
  const skipped: string[] = [];
  for (const entry of entries(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .reverse()) {
    try {
      return { checkpoint: readOne(join(folder, entry), trial), skipped };
    } catch (error) {
      // A damaged checkpoint costs steps, not the trial.
      skipped.push(messageOf(error));
    }
  }
  return { checkpoint: null, skipped };
}

function readOne(path: string, trial: string): StoredCheckpoint {
  const { sha256: hash, state, ...file } = checkpointSchema.parse(readSealed(path, "checkpoint").content);
  if (file.trial !== trial) throw studyError(`${path}: the checkpoint of another trial`);
  const binary = path.replace(/\.json$/, ".bin");
  const bytes = new Uint8Array(readFileSync(binary));
  if (sha256(bytes) !== hash) throw studyError(`${binary}: damaged: its content is not what was written`);
  const plain: Json = state;
  return { ...file, state: plain, bytes };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
