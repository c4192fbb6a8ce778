import { sha256Later } from "@sluice/formats";
import { type Bytes } from "@sluice/tensor";
import { environmentVariable } from "@sluice/tensor/internal";
import { DataError, type DataOrigin } from "./error.ts";
import { readChecked, readFromDisk, readNamed, readUnpacked } from "./files.ts";

/** A file of a data set. `path` is relative to the data folder. */
export interface SetFile {
  readonly path: string;
  /** The expected SHA-256, in hexadecimal. */
  readonly sha256: string;
  /**
   * Whether the file is packed with gzip. It is then unpacked, and `sha256` is that of the unpacked bytes: the same
   * bytes have many packed forms. Default false.
   */
  readonly gzip?: boolean;
}

/** A data set that is not an npm package: its files, and how to get them. */
export interface FileSet {
  readonly name: string;
  readonly files: readonly SetFile[];
  /** One or two sentences: what to download from where, and where to put it. Errors quote them. */
  readonly obtain: string;
}

/**
 * The data folder: `given` (as from `--data`), or else the environment variable SLUICE_DATA. Undefined if neither is
 * set.
 */
export function dataFolder(given?: string | null): string | undefined {
  return given ?? environmentVariable("SLUICE_DATA");
}

/**
 * Reads all files of a data set from the data folder, in order, and checks their SHA-256 sums. Throws a {@link
 * DataError} that names the file, what is wrong, and how to get the data set.
 */
export async function readFileSet(set: FileSet, folder?: string | null): Promise<Bytes[]> {
  const { name, files, obtain } = set;
  const root = rootOf(set, files[0]?.path ?? name, folder);
  return Promise.all(
    files.map(({ path, sha256, gzip = false }) =>
      readChecked(name, `${root}/${path}`, sha256, obtain, gzip ? readUnpacked : readFromDisk),
    ),
  );
}

/**
 * Reads many files of a data set, in order, without checking their sums. Throws a {@link DataError} about the first that
 * cannot be read.
 */
export async function readMany(
  set: Omit<FileSet, "files">,
  paths: readonly string[],
  folder?: string | null,
): Promise<Bytes[]> {
  const root = rootOf(set, paths[0] ?? set.name, folder);
  const read: Bytes[] = [];
  // Systems limit how many files may be open.
  const together = 64;
  for (let from = 0; from < paths.length; from += together) {
    const files = paths.slice(from, from + together);
    read.push(
      ...(await Promise.all(files.map((path) => readNamed(set.name, `${root}/${path}`, set.obtain, readFromDisk)))),
    );
  }
  return read;
}

function rootOf({ name, obtain }: Omit<FileSet, "files">, file: string, folder?: string | null): string {
  const root = dataFolder(folder);
  if (root !== undefined) return root.replace(/[\\/]+$/, "");
  const wrong = "the data folder is not set; set it with --data or SLUICE_DATA";
  throw new DataError({ set: name, file, wrong, obtain });
}

/** The SHA-256 of what `sha256sum *` prints in a folder of these files: a line `sum  name` for each, sorted by name. */
export async function sumOfSums(names: readonly string[], files: readonly Bytes[]): Promise<string> {
  const lines = await Promise.all(files.map(async (bytes, i) => `${await sha256Later(bytes)}  ${names[i]}\n`));
  // Of two lines the part after the 64 digits of the sum decides.
  const text = lines.toSorted((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1)).join("");
  return sha256Later(new TextEncoder().encode(text));
}

/** Where the contents of file number `at` of a set are from, for the errors of a parser. */
export function originOf({ name, files, obtain }: FileSet, at: number): DataOrigin {
  return { set: name, file: files[at]?.path ?? "", obtain };
}

/** The sums of a set's files by their paths, for its provenance. */
export function sumsOf({ files }: FileSet): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files.map(({ path, sha256, gzip = false }) => [gzip ? path.replace(/\.gz$/, "") : path, sha256]),
  );
}
