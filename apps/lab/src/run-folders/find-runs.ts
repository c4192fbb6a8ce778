import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** A runs folder that was found. */
export interface FoundRun {
  /** Its path. */
  readonly folder: string;
  /** Its path from the folder that was searched, with `/`. */
  readonly name: string;
}

/** How far below the searched folder runs may be: `runs/<study>/<budget>` is at 2. */
const DEPTH = 4;

/** The runs folders in and below a folder, in the order of their names. */
export const runsBelow = (root: string): FoundRun[] =>
  foldersOf(root, 0).map((folder) => ({ folder, name: relative(root, folder).split(sep).join("/") || "." }));

function foldersOf(folder: string, depth: number): string[] {
  if (isRun(folder)) return [folder];
  if (depth === DEPTH || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => foldersOf(join(folder, name), depth + 1));
}

/** A run has a manifest or, if that was lost, trials with settings. */
const isRun = (folder: string): boolean =>
  existsSync(join(folder, "study.json")) ||
  (existsSync(join(folder, "trials")) &&
    readdirSync(join(folder, "trials")).some((name) => existsSync(join(folder, "trials", name, "config.json"))));
