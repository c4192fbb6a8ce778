import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkedFileName, studyError, systemCode, type FileHashes } from "@sluice/study";
import { sha256 } from "./sha256.ts";
import { writeAtomically } from "./write.ts";

/** The files that a trial keeps, in its `files` folder. */
export interface FileKeeper {
  write(name: string, bytes: Uint8Array): void;
  hashes(): FileHashes;
}

/**
 * Continues with the files that a checkpoint lists. Everything else in the folder was written later and is deleted.
 * `null` if a file is damaged; the checkpoint is then useless.
 */
export function fileKeeper(folder: string, remembered: FileHashes): FileKeeper | null {
  const kept = new Map(Object.entries(remembered));
  try {
    for (const [name, hash] of kept) readKept(folder, name, hash);
  } catch {
    return null;
  }
  if (existsSync(folder))
    for (const entry of readdirSync(folder))
      if (!kept.has(entry)) rmSync(join(folder, entry), { force: true, recursive: true });
  return {
    write(name, bytes) {
      writeAtomically(join(folder, checkedFileName(name, kept.keys())), bytes);
      kept.set(name, sha256(bytes));
    },
    hashes: () => Object.fromEntries(kept),
  };
}

/** @throws an error if the file is missing, or if its content is not what was written. */
export function readKept(folder: string, name: string, hash: string): Uint8Array {
  const path = join(folder, checkedFileName(name));
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw studyError(`${path}: ${systemCode(error) === "ENOENT" ? "the file is missing" : "cannot be read"}`, error);
  }
  if (sha256(bytes) !== hash) throw studyError(`${path}: damaged: its content is not what was written`);
  return bytes;
}
