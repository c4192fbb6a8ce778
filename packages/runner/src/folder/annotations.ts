import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { NO_ANNOTATIONS, studyError, type Annotations } from "@sluice/study";
import { takeLock } from "./lock.ts";
import { readSealed, writeSealed } from "./seal.ts";

const fileOf = (folder: string): string => join(folder, "annotations.json");

const schema = z.object({
  tags: z.array(z.string()),
  notes: z.array(z.object({ text: z.string(), written: z.string() })),
});

const LOCK_WAIT_MS = 10_000;

/**
 * The tags and notes of a run or a trial, from its folder.
 *
 * @throws an error if the file is damaged.
 */
export function readAnnotations(folder: string): Annotations {
  const path = fileOf(folder);
  if (!existsSync(path)) return NO_ANNOTATIONS;
  const goOn = "Tags and notes are left out until the file is restored from a copy, or moved away";
  const checked = schema.safeParse(readSealed(path, "annotations", goOn).content);
  if (!checked.success) throw studyError(`${path}: not tags and notes. ${goOn}`, checked.error);
  return checked.data;
}

/**
 * Changes the tags and notes of a run or a trial, in its folder. Two processes that do so at once both have their way.
 *
 * @throws an error if the folder or the file cannot be written, or if the file is damaged.
 */
export async function annotate(folder: string, change: (before: Annotations) => Annotations): Promise<Annotations> {
  if (!existsSync(folder)) throw studyError(`${folder}: no such folder`);
  const path = join(folder, "annotations.lock.json");
  for (let waited = 0; ; waited += 50) {
    const attempt = takeLock(path);
    if (attempt.lock === null) {
      if (waited >= LOCK_WAIT_MS) throw studyError(`${path}: ${attempt.holder}`, new Error("locked"));
      await wait(50);
      continue;
    }
    try {
      const after = change(readAnnotations(folder));
      writeSealed(fileOf(folder), "annotations", after);
      return after;
    } finally {
      attempt.lock.release();
    }
  }
}
