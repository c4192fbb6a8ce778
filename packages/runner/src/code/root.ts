import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What marks the root of a checkout: a workspace, a repository, or code that `sluice bundle` has copied from one. */
const ROOT_MARKS = ["pnpm-workspace.yaml", ".git", "sluice-bundle.json"];

/** The nearest folder at or above this one that is the root of a checkout. */
export const checkoutRoot = (folder: string): string | undefined => nearestWith(ROOT_MARKS, folder);

/**
 * The folder that machines name a study's module from: the nearest at or above this one that is the root of a checkout
 * or, outside of any, of a package. Without either it is the folder itself.
 */
export const projectRoot = (folder: string): string =>
  checkoutRoot(folder) ?? nearestWith(["package.json"], folder) ?? resolve(folder);

function nearestWith(marks: readonly string[], from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (marks.some((mark) => existsSync(join(folder, mark)))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
