import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { studyError, systemCode } from "../error.ts";

/** Writes a file so that a reader, or a crash at any moment, sees the old content or the new, never a part. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}.draft`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(draft, "w");
    try {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    try {
      rmSync(draft, { force: true });
    } catch {
      // The first error says more than the failure to clear up after it.
    }
    throw writeError(path, error);
  }
}

export function writeJson(path: string, value: unknown): void {
  writeAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some space and run again; what was written stays, and the run goes on from the last checkpoint",
  EDQUOT: "the disk quota is used up: free some space and run again; what was written stays",
  EROFS: "the file system is read-only: choose another folder with --out",
  EACCES: "no permission to write there: choose another folder with --out",
  EPERM: "writing there is not permitted: choose another folder with --out",
  ENOTDIR: "a part of that path is a file, not a folder: choose another folder with --out",
  EEXIST: "a file is in the way where a folder is needed: choose another folder with --out",
  ENOENT: "the folder cannot be made: choose another one with --out",
};

/** Says what could not be written, why, and how to go on. */
export function writeError(path: string, error: unknown): Error {
  const code = systemCode(error);
  if (code === undefined) return error instanceof Error ? error : studyError(`cannot write ${path}`, error);
  return studyError(`cannot write ${path}: ${FIXES[code] ?? code}`, error);
}
