import { type Bytes } from "@sluice/tensor";
import { environmentVariable } from "@sluice/tensor/internal";
import { DataError } from "./error.ts";
import { readChecked, readFromDisk } from "./files.ts";

/** A file of a set, by its path within the data folder. */
export interface SetFile {
  readonly path: string;
  readonly sha256: string;
}

/** A set that does not come as a package: its files, and where its publisher has them. */
export interface FileSet {
  readonly name: string;
  readonly files: readonly SetFile[];
  /** One or two sentences: where to download what, and where to put it. */
  readonly obtain: string;
}

/**
 * The folder of data sets: the one given, as with `--data`, or else the environment variable SLUICE_DATA; undefined
 * where there is neither.
 */
export function dataFolder(given?: string | null): string | undefined {
  return given ?? environmentVariable("SLUICE_DATA");
}

/**
 * Reads all files of a set from the data folder, in their order, and holds them to their sums. Throws a {@link
 * DataError} that names the file, what is wrong, and how to obtain the set.
 */
export async function readFileSet(set: FileSet, folder?: string | null): Promise<Bytes[]> {
  const { name, files, obtain } = set;
  const root = dataFolder(folder);
  if (root === undefined) {
    const file = files[0]?.path ?? name;
    throw new DataError({
      set: name,
      file,
      wrong: "no data folder is known; give it with --data or SLUICE_DATA",
      obtain,
    });
  }
  return Promise.all(
    files.map(({ path, sha256 }) =>
      readChecked(name, `${root.replace(/[\\/]+$/, "")}/${path}`, sha256, obtain, readFromDisk),
    ),
  );
}
