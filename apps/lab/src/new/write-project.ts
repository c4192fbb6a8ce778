import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, studyError } from "@sluice/study";
import { isFree } from "../free-folder.ts";
import { projectFiles, type ProjectKind } from "./project-files.ts";
import { projectName } from "./project-name.ts";

export interface WrittenProject {
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Writes a new project.
 *
 * @throws an error if its name is not allowed, or if the folder exists and is not empty.
 */
export function writeProject(kind: ProjectKind, path: string, version: string): WrittenProject {
  const folder = resolve(path);
  const name = projectName(basename(folder));
  if (!isFree(folder))
    throw studyError(
      `sluice new: ${folder} exists and is not an empty folder. Nothing was written; choose another folder`,
    );
  const files = projectFiles(kind, name, version);
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text, { flag: "wx" });
    }
  } catch (error) {
    throw studyError(`sluice new: ${folder} cannot be written: ${messageOf(error)}`, error);
  }
  return { folder, files: Object.keys(files).toSorted() };
}
