import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Entry } from "./entries.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where a cell is defined, and the equations of its docstring. */
export interface Written {
  /** From the root of the repository. */
  readonly file: string;
  readonly equations: string;
}

/** The cell of an entry: `gru` of `gru, reset before`, `skipRnn` of `skipRnn of gru`. */
export const cellIn = (name: string): string => name.split(/,| of /)[0] ?? name;

/** Finds the cell of an entry among the files of its family. */
export function writtenOf({ name, family }: Entry): Written {
  const cell = cellIn(name);
  const folder = join(root, "packages/cells/src", family);
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".ts") || file.includes(".test")) continue;
    const text = readFileSync(join(folder, file), "utf8");
    const found = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\nexport (?:const|function) ${cell}\\b`).exec(text);
    if (found === null) continue;
    return { file: relative(root, join(folder, file)), equations: indented(found[1] ?? "") };
  }
  throw new Error(`the catalogue: no file of ${folder} exports ${cell} with a docstring`);
}

/** The first block of a docstring that is indented by four more spaces. */
function indented(docstring: string): string {
  const lines = docstring.split("\n").map((line) => line.replace(/^ \* ?/, ""));
  const from = lines.findIndex((line) => line.startsWith("    "));
  if (from < 0) return "";
  const to = lines.findIndex((line, i) => i > from && line !== "" && !line.startsWith("    "));
  return lines
    .slice(from, to < 0 ? undefined : to)
    .map((line) => line.slice(4))
    .join("\n")
    .trimEnd();
}
