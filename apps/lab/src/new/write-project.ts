import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, studyError } from "@sluice/study";
import { isFree } from "../free-folder.ts";
import { projectFiles, type ProjectChoice } from "./project-files.ts";
import { projectName, type ProjectName } from "./project-name.ts";

export interface WrittenProject {
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Writes a new project.
 *
 * @throws an error if its name is not allowed, or if the folder exists and is not empty.
 */
export function writeProject(choice: ProjectChoice, path: string, version: string): WrittenProject {
  const { folder, name } = projectPlace(path);
  const files = projectFiles(choice, name, version);
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text, { flag: "wx" });
    }
  } catch (error) {
    throw studyError(`new project: ${folder} cannot be written: ${messageOf(error)}`, error);
  }
  return { folder, files: Object.keys(files).toSorted() };
}

/**
 * Where a new project will be, and what it is called: the last part of its folder.
 *
 * @throws an error if the name is not allowed, or if the folder exists and is not empty.
 */
export function projectPlace(path: string): { readonly folder: string; readonly name: ProjectName } {
  const folder = resolve(path);
  const name = projectName(basename(folder));
  if (!isFree(folder))
    throw studyError(
      `new project: ${folder} exists and is not an empty folder. Nothing was written; choose another folder`,
    );
  return { folder, name };
}
