import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../error.ts";
import { sha256, type Json } from "../json.ts";
import type { Restored } from "../trial.ts";
import { writeAtomically, writeJson } from "./write.ts";

/** `checkpoints/<step>.json`; the bytes lie beside it in `<step>.bin`. Writing this file, by rename, is what makes the checkpoint exist. */
interface CheckpointFile {
  readonly step: number;
  readonly sha256: string;
  readonly state: Json;
  /** Length of `metrics.jsonl` at the checkpoint. */
  readonly metricsBytes: number;
  /** Seconds of work up to the checkpoint, over all sessions. */
  readonly seconds: number;
}

export interface StoredCheckpoint extends Restored {
  readonly metricsBytes: number;
  readonly seconds: number;
}

/** Writes a checkpoint and then removes the older ones. */
export function writeCheckpoint(folder: string, checkpoint: StoredCheckpoint): void {
  const { step, bytes, state, metricsBytes, seconds } = checkpoint;
  const name = String(step).padStart(9, "0");
  const file: CheckpointFile = { step, sha256: sha256(bytes), state, metricsBytes, seconds };
  writeAtomically(join(folder, `${name}.bin`), bytes);
  writeJson(join(folder, `${name}.json`), file);
  for (const entry of readdirSync(folder)) {
    if (entry !== `${name}.bin` && entry !== `${name}.json`) rmSync(join(folder, entry), { force: true });
  }
}

/** The last checkpoint that is whole, or `null`; `skipped` names those that are not. */
export function readCheckpoint(folder: string): { checkpoint: StoredCheckpoint | null; skipped: string[] } {
  const skipped: string[] = [];
  for (const entry of entries(folder).filter((name) => name.endsWith(".json")).sort().reverse()) {
    try {
      const file: CheckpointFile = JSON.parse(readFileSync(join(folder, entry), "utf8"));
      const bytes = new Uint8Array(readFileSync(join(folder, entry.replace(/\.json$/, ".bin"))));
      if (sha256(bytes) === file.sha256) {
        const { step, state, metricsBytes, seconds } = file;
        return { checkpoint: { step, bytes, state, metricsBytes, seconds }, skipped };
      }
    } catch {
      // Named below: a damaged checkpoint costs steps, not the trial.
    }
    skipped.push(join(folder, entry));
  }
  return { checkpoint: null, skipped };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
