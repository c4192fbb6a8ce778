import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { sha256 } from "@sluice/formats";
import { canonicalJson } from "@sluice/study";
import { parseCode, type ParsedCode } from "./parse.ts";
import { checkoutRoot } from "./root.ts";
import { importConditions, isInstalled, packageFolder, readPackage, resolveReference, type Target } from "./resolve.ts";

/** The identity of a trial's code: a hash over `parts`, which lists every file and package version that is used. */
export interface CodeIdentity {
  readonly hash: string;
  /**
   * By file path (relative to the checkout or to the study's folder), a hash of the file's program and of the files
   * that its imports lead to; by package name and version, `installed`.
   */
  readonly parts: { readonly [name: string]: string };
  /** What the identity does not cover, with the reason. This is part of the hash. */
  readonly unresolved: readonly string[];
  /** SHA-256 of every file that was read, by absolute path. */
  readonly contents: { readonly [path: string]: string };
  /** The folder that the paths of files in `parts` are relative to: the checkout, or the study's folder. */
  readonly root: string;
}

/** Options of {@link codeIdentity}. */
export interface CodeIdentityOptions {
  /**
   * Arguments of the Node that will run the trial: its `--conditions` choose among the `exports` of a package. Default:
   * those of this process.
   */
  readonly execArgv?: readonly string[];
}

/**
 * The version of the rules in the code that plans trials and writes reports: how it derives a seed's key, stores a row
 * and summarizes a curve. Results depend on nothing else in that code. Increase this number if these rules change;
 * every trial then counts as new.
 */
const TRIAL_RULES = "rules 1";
const OWN = /^@sluice\/(study|runner)(\/|$)/;
const CODE = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"]);

/**
 * Identifies the code that a study module runs: every file that it imports, directly or indirectly, in the checkout and
 * in packages that are linked from elsewhere; name and version of installed packages and of all their dependencies. Of
 * a file only the parts that can change a number count: its program without types, comments and layout, and where its
 * imports lead.
 */
export function codeIdentity(
  modulePath: string,
  { execArgv = process.execArgv }: CodeIdentityOptions = {},
): CodeIdentity {
  const module = realpathSync(modulePath);
  const root = checkoutRoot(dirname(module)) ?? dirname(module);
  const found: Found = { parts: { "@sluice/study": TRIAL_RULES }, contents: {}, unresolved: [] };
  const conditions = importConditions(execArgv, process.env["NODE_OPTIONS"]);
  followImports(module, conditions, found, (path) => relative(root, path).split(sep).join("/"));
  const { parts, contents } = found;
  const unresolved = found.unresolved.toSorted();
  return { hash: sha256(canonicalJson({ parts, unresolved })), parts, unresolved, contents, root };
}

/** What is found while imports are followed: an identity that grows. */
interface Found {
  readonly parts: { [name: string]: string };
  readonly contents: { [path: string]: string };
  readonly unresolved: string[];
}

type NameOf = (path: string) => string;

function readInto({ contents }: Found, path: string): Buffer {
  const bytes = readFileSync(path);
  contents[path] = sha256(bytes);
  return bytes;
}

/** Adds a file and all files and packages that its imports lead to. */
function followImports(
  module: string,
  conditions: ReturnType<typeof importConditions>,
  found: Found,
  nameOf: NameOf,
): void {
  const queue: string[] = [];
  const seen = new Set<string>();
  const addFile = (path: string): string => {
    if (!seen.has(path)) queue.push(path);
    seen.add(path);
    return nameOf(path);
  };
  const leadsTo = (target: Target): string =>
    target.kind === "file"
      ? addFile(target.path)
      : target.kind === "package"
        ? addPackage(target.folder, found, nameOf)
        : target.kind === "unresolved"
          ? `unresolved: ${target.why}`
          : target.kind;

  addFile(module);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const bytes = readInto(found, path);
    const name = nameOf(path);
    if (!CODE.has(extname(path))) {
      found.parts[name] = sha256(bytes);
      continue;
    }
    const parsed: ParsedCode = parseCode(bytes.toString("utf8"), path);
    const open = [...parsed.unresolved];
    const imports = parsed.references.map(({ kind, specifiers }) => {
      const own = specifiers.filter((specifier) => !OWN.test(specifier));
      const targets = own.map((specifier) => resolveReference(kind, specifier, path, conditions));
      for (const target of targets) if (target.kind === "unresolved") open.push(target.why);
      return targets.map(leadsTo);
    });
    found.unresolved.push(...open.map((what) => `${name}: ${what}`));
    found.parts[name] = sha256(canonicalJson({ form: sha256(parsed.form), imports }));
  }
}

/** Adds an installed package with all its dependencies, and returns its name and version. */
function addPackage(folder: string, found: Found, nameOf: NameOf): string {
  const { parts, unresolved } = found;
  readInto(found, join(folder, "package.json"));
  const { name, version, dependencies } = readPackage(folder);
  const part = `${name}@${version}`;
  if (parts[part] !== undefined) return part;
  parts[part] = "installed";
  for (const dependency of dependencies) {
    const at = OWN.test(dependency) ? undefined : packageFolder(dependency, folder);
    if (at === undefined) continue;
    if (isInstalled(at)) addPackage(at, found, nameOf);
    else unresolved.push(`${part}: it depends on ${dependency} in ${nameOf(at)}, which is not an installed package`);
  }
  return part;
}

/** Whether every file that an identity was read from is unchanged. */
export function unchanged({ contents }: Pick<CodeIdentity, "contents">): boolean {
  return Object.entries(contents).every(([path, hash]) => existsSync(path) && sha256(readFileSync(path)) === hash);
}
