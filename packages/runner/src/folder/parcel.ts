import { closeSync, fstatSync, fsyncSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { dirname, join, sep } from "node:path";
import { studyError, systemCode } from "@sluice/study";
import { makeFolder, writeError } from "./write.ts";

/** A file of a parcel. Its path is relative to the trial's folder, with "/" between its parts. */
export interface ParcelFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The folder of a trial, to be sent to another machine: a list of its files, and then their bytes one after another. */
export interface Parcel {
  readonly files: readonly ParcelFile[];
  /** The bytes of all files, in pieces of at most `size` bytes. */
  pieces(size: number): Iterable<Uint8Array>;
  /** Closes the files. */
  close(): void;
}

/** Options of {@link packTrial}. */
export interface PackOptions {
  /** Names of files and folders in the trial's folder that stay at home, in addition to its lock. */
  readonly without?: readonly string[];
}

const SLICE = 1 << 20;

/**
 * Packs the folder of a trial, which may be running. A checkpoint is listed before everything that it rests on, so that
 * the parcel is never older than its checkpoint: it holds what a process that was killed at this moment leaves.
 *
 * @throws an error if a file went away while it was being opened, as checkpoints do; then pack again.
 */
export async function packTrial(folder: string, { without = [] }: PackOptions = {}): Promise<Parcel> {
  const opened: { readonly file: number; readonly path: string; readonly bytes: number; readonly sha256: string }[] =
    [];
  const close = (): void => opened.splice(0).forEach(({ file }) => closeSync(file));
  try {
    for (const path of pathsIn(folder)) {
      if (isDraft(path) || without.includes(path.split("/")[0] ?? "")) continue;
      const file = openSync(join(folder, ...path.split("/")), "r");
      // What is appended from now on is left out.
      const bytes = fstatSync(file).size;
      const hash = createHash("sha256");
      opened.push({ file, path, bytes, sha256: "" });
      for (const slice of slices(file, bytes, SLICE)) {
        hash.update(slice);
        // Large files take seconds, and the process has heartbeats to send.
        await setImmediate();
      }
      opened[opened.length - 1] = { file, path, bytes, sha256: hash.digest("hex") };
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    files: opened.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    *pieces(size) {
      for (const { file, bytes } of opened) yield* slices(file, bytes, size);
    },
    close,
  };
}

/**
 * Writes the files of a parcel into an empty folder, and checks each.
 *
 * @throws an error if the parcel is damaged or incomplete, or would write outside the folder.
 */
export async function unpackTrial(
  folder: string,
  files: readonly ParcelFile[],
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const source = pieces[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  makeFolder(folder);
  for (const { path, bytes, sha256 } of files) {
    const target = join(folder, ...partsOf(path));
    const hash = createHash("sha256");
    try {
      makeFolder(dirname(target));
      const file = openSync(target, "wx");
      try {
        for (let left = bytes; left > 0;) {
          if (rest.length === 0) {
            const next = await source.next();
            if (next.done === true) throw studyError(`${path}: the parcel ends ${left} bytes before the file does`);
            rest = next.value;
          }
          const slice = rest.subarray(0, left);
          for (let written = 0; written < slice.length;) written += writeSync(file, slice, written);
          hash.update(slice);
          left -= slice.length;
          rest = rest.subarray(slice.length);
        }
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw systemCode(error)?.startsWith("E") === true ? writeError(target, error) : error;
    }
    if (hash.digest("hex") !== sha256) throw studyError(`${path}: damaged: what arrived is not what was sent`);
  }
}

/** A path that comes from another machine must not lead out of the folder. */
function partsOf(path: string): readonly string[] {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\\") || part.includes("\0")))
    throw studyError(`a parcel names the file "${path}", which is no path inside a trial's folder`);
  return parts;
}

/** Checkpoints first, then the rest by name. */
function pathsIn(folder: string): readonly string[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    )
    .sort();
  const first = (path: string): boolean => path.startsWith("checkpoints/");
  return [...paths.filter(first), ...paths.filter((path) => !first(path))];
}

/** Files that are being written, and locks. */
const isDraft = (path: string): boolean => path.endsWith(".draft") || /^lock\.json/.test(path);

function* slices(file: number, bytes: number, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes;) {
    const slice = new Uint8Array(Math.min(size, bytes - at));
    const read = readSync(file, slice, 0, slice.length, at);
    if (read === 0) throw studyError("a file became shorter while it was packed");
    at += read;
    yield slice.subarray(0, read);
  }
}

/** The step of the last checkpoint among the files of a trial; 0 if there is none. */
export const checkpointStep = (files: readonly Pick<ParcelFile, "path">[]): number =>
  files.reduce((last, { path }) => {
    const [, step = "0"] = /^checkpoints\/(\d+)\.json$/.exec(path) ?? [];
    return Math.max(last, Number(step));
  }, 0);

/** The step of the last checkpoint in the folder of a trial; 0 if there is none. */
export function lastCheckpoint(folder: string): number {
  try {
    return checkpointStep(readdirSync(join(folder, "checkpoints")).map((name) => ({ path: `checkpoints/${name}` })));
  } catch {
    return 0;
  }
}
