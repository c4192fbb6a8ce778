/** Where this package's tests find data sets that are not in the repository. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Bytes } from "@sluice/tensor";
import { dataFolder } from "../folder.ts";

/** The data folder, SLUICE_DATA or `../shared/data` beside the repository; null if neither has a folder of this name. */
export function folderWith(name: string): string | null {
  const beside = fileURLToPath(new URL("../../../../../shared/data", import.meta.url));
  return [dataFolder(), beside].find((folder) => folder !== undefined && existsSync(join(folder, name))) ?? null;
}

/** Reads a file that a data set names, unpacked where only the packed one exists. */
export function readIn(folder: string | null): (file: string) => Promise<Bytes> {
  return async (file) => {
    const path = join(folder ?? "", file);
    if (existsSync(path)) return new Uint8Array(await readFile(path));
    return new Uint8Array(gunzipSync(await readFile(`${path}.gz`)));
  };
}
