import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { studyError, suggestion } from "@sluice/study";

export interface FoundStudy {
  /** Path below `experiments/`, such as `long-sequence/digits`, or below `studies/` of a project, without the ending. */
  readonly name: string;
  readonly module: string;
}

/** What a module of a study may end in. */
const ENDINGS = [".ts", ".js", ".mts", ".mjs"];

/**
 * Every study around `from`: each `study.ts` below the `experiments` folder of its checkout, and `study.ts`,
 * `studies/*.ts` and `studies/<name>/study.ts` of its project, the nearest folder with a package.json. JavaScript
 * counts like TypeScript.
 */
export function studiesBelow(from: string): FoundStudy[] {
  const experiments = nearestWith("experiments", from);
  const ofCheckout =
    experiments === undefined
      ? []
      : search(join(experiments, "experiments")).map((module) => ({
          name: relative(join(experiments, "experiments"), dirname(module)).split(sep).join("/"),
          module,
        }));
  const known = new Set(ofCheckout.map(({ module }) => module));
  return [...ofCheckout, ...ofProject(from).filter(({ module }) => !known.has(module))];
}

/** Finds a study by the path of its module, its folder's name, or its path below `experiments/` or `studies/`. */
export function locateStudy(given: string, from: string): FoundStudy {
  const path = resolve(from, given);
  if (existsSync(path)) {
    if (statSync(path).isFile()) return { name: given, module: path };
    const [module] = studyFiles(path);
    if (module !== undefined) return { name: given, module };
  } else if (ENDINGS.includes(extname(given)))
    throw studyError(
      `study "${given}": there is no such file in ${from}. Give the path of a module that exports a study.`,
    );
  const studies = studiesBelow(from);
  const named = studies.filter(({ name }) => name === given || name.split("/").at(-1) === given);
  if (named.length === 1 && named[0] !== undefined) return named[0];
  if (named.length > 1)
    throw studyError(`study "${given}": ambiguous: ${named.map(({ name }) => name).join(", ")}. Use the longer name.`);
  if (studies.length === 0)
    throw studyError(
      `study "${given}": no such module, and no ${PLACES} at or above ${from}. ` +
        "Pass the path of a module that exports a study.",
    );
  const names = studies.flatMap(({ name }) => [name.split("/").at(-1) ?? name, name]);
  const hint = suggestion(given, names);
  throw studyError(
    `unknown study "${given}": ${hint.startsWith("known:") ? `known: ${studies.map(({ name }) => name).join(", ")}` : hint}`,
  );
}

/** The study of a project, or of a checkout, that has only one, so that its name need not be given. */
export function onlyStudy(from: string): FoundStudy {
  const own = ofProject(from);
  const studies = own.length === 1 ? own : studiesBelow(from);
  const [only] = studies;
  if (only === undefined)
    throw studyError(
      `no study is given, and there is no ${PLACES} at or above ${from}. Pass the path of a module that exports ` +
        'a study, or make a project with "sluice new study <folder>".',
    );
  if (studies.length > 1)
    throw studyError(
      `no study is given, and there is more than one: ${studies.map(({ name }) => name).join(", ")}. Give the name of one.`,
    );
  return only;
}

/** Where studies are looked for, for messages. */
export const PLACES = "experiments/<family>/<name>/study.ts, study.ts or studies/<name>.ts";

/** The nearest folder at or above `from` that has an entry of this name. */
function nearestWith(entry: string, from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, entry))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

const studyFiles = (folder: string): string[] =>
  ENDINGS.map((ending) => join(folder, `study${ending}`)).filter((file) => existsSync(file));

function ofProject(from: string): FoundStudy[] {
  const project = nearestWith("package.json", from);
  if (project === undefined) return [];
  const own = studyFiles(project)
    .slice(0, 1)
    .map((module) => ({ name: "study", module }));
  const studies = join(project, "studies");
  if (!existsSync(studies)) return own;
  return [...own, ...namedFiles(studies), ...namedFolders(studies)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The modules in `studies/` that have a default export. Other files there are parts of studies, or their tests. */
function namedFiles(studies: string): FoundStudy[] {
  return entriesOf(studies).flatMap((entry) => {
    const [module, ending] = [join(studies, entry.name), extname(entry.name)];
    if (!entry.isFile() || !ENDINGS.includes(ending) || /\.(test|d)\.[mc]?[jt]s$/.test(entry.name)) return [];
    if (!/\bexport\s+default\b|\bas\s+default\b/.test(readFileSync(module, "utf8"))) return [];
    return [{ name: entry.name.slice(0, -ending.length), module }];
  });
}

const namedFolders = (studies: string): FoundStudy[] =>
  entriesOf(studies).flatMap(({ name }) =>
    studyFiles(join(studies, name))
      .slice(0, 1)
      .map((module) => ({ name, module })),
  );

const entriesOf = (folder: string) =>
  readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));

function search(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    if (entry.isDirectory())
      return ["node_modules", "dist", "runs"].includes(entry.name) ? [] : search(join(folder, entry.name));
    return entry.name === "study.ts" || entry.name === "study.js" ? [join(folder, entry.name)] : [];
  });
}
