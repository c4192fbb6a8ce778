import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { storeError, studyError, systemCode } from "@sluice/study";

/**
 * Writes a file so that a reader, or a crash at any moment, sees either the old content or the new. When it returns,
 * the content and the name are on the disk.
 */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}.draft`;
  try {
    makeFolder(dirname(path));
    const file = openSync(draft, "w");
    try {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    try {
      rmSync(draft, { force: true });
    } catch {
      // The first error is more informative than a failure during cleanup.
    }
    throw writeError(path, error);
  }
}

/**
 * Removes what processes left that were killed while they wrote a file of this folder. The caller has the folder's lock.
 * `isLocked` says which files are written with that lock only. Others may be written at this moment, so their drafts
 * stay for a while.
 */
export function removeDrafts(folder: string, isLocked: (name: string) => boolean): void {
  const now = Date.now();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".draft")) continue;
    const path = join(folder, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (isLocked(name) || now - changed > DRAFT_MS) rmSync(path, { force: true });
  }
}

/** Longer than any process takes to write a file. */
const DRAFT_MS = 120_000;

/** Creates a folder and its parents. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first !== undefined) syncFolder(dirname(first));
}

/** Flushes the names in a folder to the disk. Windows cannot open folders and does not need this. */
export function syncFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, "r");
  } catch (error) {
    if (["EISDIR", "EPERM", "EACCES"].includes(systemCode(error) ?? "")) return;
    throw error;
  }
  try {
    fsyncSync(folder);
  } catch (error) {
    // Some file systems cannot flush folders.
    if (!["EINVAL", "ENOTSUP", "EPERM", "EBADF"].includes(systemCode(error) ?? "")) throw error;
  } finally {
    closeSync(folder);
  }
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some space and run the same command again; it resumes from the last checkpoint",
  EDQUOT:
    "the disk quota is used up: free some space and run the same command again; it resumes from the last checkpoint",
  EROFS: "the file system is read-only: choose another folder with --out",
  EACCES: "no permission to write there: choose another folder with --out",
  EPERM: "writing there is not permitted: choose another folder with --out",
  ENOTDIR: "a part of that path is a file, not a folder: choose another folder with --out",
  EEXIST: "a file is in the way where a folder is needed: choose another folder with --out",
  ENOENT: "the folder cannot be made: choose another one with --out",
};

/** Says what could not be written, why, and how to continue. */
export function writeError(path: string, error: unknown): Error {
  const code = systemCode(error);
  if (code === undefined) return error instanceof Error ? error : studyError(`cannot write ${path}`, error);
  return storeError(path, `cannot write ${path}: ${FIXES[code] ?? code}`, error);
}
