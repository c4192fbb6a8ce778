import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A folder of a worker, with a runs folder for each trial that it runs. */
export interface Scratch {
  /** Makes an empty runs folder. */
  newFolder(): string;
  remove(folder: string): void;
  /** Removes everything. */
  end(): void;
}

/**
 * Makes the scratch folder of a worker, and removes those of workers of this machine that have ended.
 *
 * @param given its parent; default: the system's folder for temporary files.
 */
export function scratchFolder(given: string = tmpdir()): Scratch {
  const parent = resolve(given);
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    const [, pid] = /^sluice-worker-(\d+)-/.exec(entry) ?? [];
    if (pid !== undefined && !runs(Number(pid))) rmSync(join(parent, entry), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(parent, `sluice-worker-${process.pid}-`));
  return {
    newFolder: () => mkdtempSync(join(folder, "trial-")),
    remove: (own) => rmSync(own, { recursive: true, force: true }),
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
