import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { exports as exported, imports as aliased } from "resolve.exports";
import { messageOf } from "@sluice/study";
import type { Reference } from "./parse.ts";

/** What a specifier resolves to. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  /** A file of an installed package. */
  | { readonly kind: "package"; readonly folder: string }
  /** A part of Node, or code in the specifier itself. */
  | { readonly kind: "known" }
  /** There is no such file or package. */
  | { readonly kind: "absent" }
  | { readonly kind: "unresolved"; readonly why: string };

/** Without `import` or `require`, which the kind of the reference adds. */
export type Conditions = readonly string[];

/**
 * Resolves a specifier by Node's own rules: `imports` and `exports` of a package.json, conditions, queries,
 * percent-encoding, URLs. It reads the files as they are now, because Node caches the package.json files of a process.
 */
export function resolveReference(
  kind: Reference["kind"],
  specifier: string,
  importer: string,
  conditions: Conditions,
): Target {
  if (isBuiltin(specifier)) return { kind: "known" };
  try {
    if (kind === "url") return ofUrl(new URL(specifier, pathToFileURL(importer)), { data: true });
    const given = { kind, importer, conditions: [...conditions, kind] };
    if (specifier.startsWith("#")) return ofAlias(specifier, given);
    const isPath = /^(\.{0,2}\/|\.{1,2}$)/.test(specifier);
    if (kind === "require" && isPath)
      return placed(commonFile(join(specifier.startsWith("/") ? "" : dirname(importer), specifier)));
    if (isPath || /^[a-z][a-z0-9+.-]*:/i.test(specifier))
      return ofUrl(new URL(specifier, pathToFileURL(importer)), { data: false });
    return ofPackage(specifier, given);
  } catch (error) {
    return { kind: "unresolved", why: `${specifier}: ${messageOf(error)}` };
  }
}

interface Given {
  readonly kind: "import" | "require";
  readonly importer: string;
  readonly conditions: readonly string[];
}

function ofUrl(url: URL, { data }: { readonly data: boolean }): Target {
  if (url.protocol !== "file:")
    return data || url.protocol === "data:"
      ? { kind: "known" }
      : { kind: "unresolved", why: `${url.href} is not a file` };
  const path = fileURLToPath(url);
  // Node does not import folders; a URL of a folder is only used for reading.
  return !data && isFolder(path) ? { kind: "absent" } : placed(path);
}

function ofAlias(specifier: string, given: Given): Target {
  const scope = scopeOf(given.importer);
  const target =
    scope === undefined
      ? undefined
      : aliased(scope.manifest, specifier, { conditions: given.conditions, unsafe: true })?.[0];
  if (scope === undefined || target === undefined) return { kind: "absent" };
  return target.startsWith("./")
    ? placed(join(scope.folder, target))
    : resolveReference(given.kind, target, join(scope.folder, "package.json"), given.conditions);
}

function ofPackage(specifier: string, { importer, kind, conditions }: Given): Target {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const scope = scopeOf(importer);
  const folder =
    scope?.manifest["name"] === name && scope.manifest["exports"] !== undefined
      ? scope.folder
      : packageFolder(name, dirname(importer));
  if (folder === undefined) return { kind: "absent" };
  if (isInstalled(folder)) return { kind: "package", folder };
  const manifest = readJson(join(folder, "package.json"));
  const target = exported(manifest, `.${specifier.slice(name.length)}`, { conditions, unsafe: true })?.[0];
  if (target !== undefined) return placed(join(folder, target));
  const path = join(folder, specifier.slice(name.length));
  return placed(kind === "require" || path === folder ? commonFile(path) : path);
}

function placed(found: string | undefined): Target {
  if (found === undefined || !existsSync(found)) return { kind: "absent" };
  const path = realpathSync(found);
  if (isFolder(path)) return { kind: "unresolved", why: `${found} is a folder, and what is read from it is not known` };
  const folder = isInstalled(path) ? packageAround(path) : undefined;
  return folder === undefined ? { kind: "file", path } : { kind: "package", folder };
}

/** The file that CommonJS resolves a path to. */
function commonFile(path: string): string | undefined {
  const manifest = join(path, "package.json");
  const main = existsSync(manifest) ? readJson(manifest)["main"] : undefined;
  const candidates = [path, `${path}.js`, `${path}.json`, `${path}.node`];
  if (typeof main === "string")
    candidates.push(join(path, main), `${join(path, main)}.js`, join(path, main, "index.js"));
  return [...candidates, join(path, "index.js"), join(path, "index.json")].find(
    (candidate) => existsSync(candidate) && !isFolder(candidate),
  );
}

/** The conditions that the process of a trial resolves imports with: Node's own, and those on its command line. */
export function importConditions(execArgv: readonly string[], nodeOptions = ""): Conditions {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)];
  const own = given.flatMap((argument, index) => {
    const attached = /^(?:--conditions|-C)=(.*)$/.exec(argument)?.[1];
    return attached !== undefined
      ? [attached]
      : argument === "--conditions" || argument === "-C"
        ? [given[index + 1] ?? ""]
        : [];
  });
  return ["node", "module-sync", "node-addons", ...own];
}

interface Manifest {
  readonly [part: string]: unknown;
}

/** Name, version and dependencies of the package in a folder. */
export function readPackage(folder: string): {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
} {
  const manifest = readJson(join(folder, "package.json"));
  const keys = (part: unknown): string[] => (typeof part === "object" && part !== null ? Object.keys(part) : []);
  const dependencies = ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((part) =>
    keys(manifest[part]),
  );
  return {
    name: String(manifest["name"] ?? folder.split(sep).at(-1)),
    version: String(manifest["version"] ?? "without version"),
    dependencies: [...new Set(dependencies)].sort(),
  };
}

/** The folder of a package as seen from `from`, or `undefined`. */
export function packageFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Whether a path is in a `node_modules` folder. Other files are source code that may change, linked or in the checkout.
 */
export function isInstalled(path: string): boolean {
  return path.split(sep).includes("node_modules");
}

/** The nearest package.json in the parent folders. */
function scopeOf(importer: string): { readonly folder: string; readonly manifest: Manifest } | undefined {
  for (let folder = dirname(importer); folder.split(sep).at(-1) !== "node_modules"; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return { folder, manifest: readJson(join(folder, "package.json")) };
    if (folder === dirname(folder)) return undefined;
  }
  return undefined;
}

/**
 * The nearest parent folder whose package.json has a name. A package.json without a name only marks a folder as ESM or
 * CommonJS.
 */
function packageAround(path: string): string | undefined {
  const scope = scopeOf(path);
  return scope === undefined || scope.manifest["name"] !== undefined ? scope?.folder : packageAround(scope.folder);
}

function readJson(path: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(path, "utf8"));
  return manifest;
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
