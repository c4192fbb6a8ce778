import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { studyError, suggestion } from "@sluice/study";

export interface FoundStudy {
  /** Path below `experiments/`, such as `long-sequence/digits`. */
  readonly name: string;
  readonly module: string;
}

/** Every `study.ts` below the `experiments` folder of the checkout that contains `from`. */
export function studiesBelow(from: string): FoundStudy[] {
  const experiments = experimentsFolder(from);
  return experiments === undefined
    ? []
    : search(experiments).map((module) => ({
        name: relative(experiments, dirname(module)).split(sep).join("/"),
        module,
      }));
}

/** Finds a study by the path of its module, its folder's name, or its path below `experiments/`. */
export function locateStudy(given: string, from: string): FoundStudy {
  const path = resolve(from, given);
  if (existsSync(path)) {
    if (statSync(path).isFile()) return { name: given, module: path };
    for (const file of ["study.ts", "study.js"]) {
      if (existsSync(join(path, file))) return { name: given, module: join(path, file) };
    }
  }
  const studies = studiesBelow(from);
  const named = studies.filter(({ name }) => name === given || name.split("/").at(-1) === given);
  if (named.length === 1 && named[0] !== undefined) return named[0];
  if (named.length > 1)
    throw studyError(`study "${given}": ambiguous: ${named.map(({ name }) => name).join(", ")}. Use the longer name.`);
  if (studies.length === 0)
    throw studyError(
      `study "${given}": no such module, and no experiments/<family>/<name>/study.ts at or above ${from}. Pass the path of a module that exports a study.`,
    );
  const known = studies.flatMap(({ name }) => [name.split("/").at(-1) ?? name, name]);
  const hint = suggestion(given, known);
  throw studyError(
    `unknown study "${given}": ${hint.startsWith("known:") ? `known: ${studies.map(({ name }) => name).join(", ")}` : hint}`,
  );
}

function experimentsFolder(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const candidate = join(folder, "experiments");
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function search(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory())
        return ["node_modules", "dist", "runs"].includes(entry.name) ? [] : search(join(folder, entry.name));
      return entry.name === "study.ts" ? [join(folder, entry.name)] : [];
    });
}
