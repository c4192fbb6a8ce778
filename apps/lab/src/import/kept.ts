import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { sha256 } from "@sluice/formats";
import { messageOf, systemCode, type GivenFile } from "@sluice/study";
import type { ImportProblem, Place } from "./problem.ts";

/** A file that an imported trial keeps; `null`, and a problem, if it cannot be read or its name cannot be kept. */
export function fileOf(path: string, place: Place, problems: ImportProblem[]): GivenFile | null {
  const name = basename(path);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    const what = `the file "${name}" cannot be kept under this name; use letters, digits, ., - and _`;
    problems.push({ ...place, what });
    return null;
  }
  try {
    return { name, sha256: sha256(readFileSync(path)), read: () => readFile(path) };
  } catch (error) {
    const what = systemCode(error) === "ENOENT" ? "no such file" : messageOf(error);
    problems.push({ ...place, what: `${path}: ${what}` });
    return null;
  }
}
