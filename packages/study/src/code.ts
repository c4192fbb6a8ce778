import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { canonicalJson, sha256 } from "./json.ts";

/** What a trial's code is: a hash over `parts`, which names every file and package version that went into it. */
export interface CodeIdentity {
  readonly hash: string;
  /** SHA-256 by file path (relative to the checkout or to the study's folder), and version by package name. */
  readonly parts: { readonly [name: string]: string };
}

/** Plans trials and writes reports; no number passes through it, so a change to it leaves results valid. */
const WITHOUT_EFFECT = new Set(["@sluice/study"]);
const SOURCE = new Set([".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".wasm"]);
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(["'])([^"'\n]+)\1/g;

/**
 * Identifies the code a study module runs: the files it imports by relative path, followed to the end; for every package it imports
 * that lies in the same checkout, all its sources without tests, and its own dependencies likewise; for any other package, name and version.
 */
export function codeIdentity(modulePath: string): CodeIdentity {
  const module = realpathSync(modulePath);
  const root = checkoutRoot(module) ?? dirname(module);
  const parts: { [name: string]: string } = {};
  const addFile = (path: string): string => {
    const content = readFileSync(path);
    parts[relative(root, path).split(sep).join("/")] = sha256(content);
    return content.toString("utf8");
  };

  const seenPackages = new Set<string>();
  const addPackage = (name: string, importer: string): void => {
    if (WITHOUT_EFFECT.has(name)) return;
    const folder = packageFolder(name, importer);
    if (folder === undefined) {
      parts[name] = "not installed";
      return;
    }
    if (seenPackages.has(folder)) return;
    seenPackages.add(folder);
    const manifest = readManifest(folder);
    const inCheckout = !relative(root, folder).startsWith("..") && !folder.split(sep).includes("node_modules");
    if (!inCheckout) {
      parts[name] = manifest.version ?? "without version";
      return;
    }
    const sources = join(folder, "src");
    for (const file of sourceFiles(existsSync(sources) ? sources : folder)) addFile(file);
    for (const dependency of Object.keys(manifest.dependencies ?? {})) addPackage(dependency, folder);
  };

  const seenFiles = new Set<string>();
  const addModule = (path: string): void => {
    if (seenFiles.has(path) || !existsSync(path)) return;
    seenFiles.add(path);
    const text = addFile(path);
    if (extname(path) === ".json") return;
    for (const [, , specifier = ""] of text.matchAll(IMPORT)) {
      if (specifier.startsWith(".")) addModule(resolve(dirname(path), specifier));
      else if (isPackage(specifier)) addPackage(packageName(specifier), dirname(path));
    }
  };
  addModule(module);
  return { hash: sha256(canonicalJson(parts)), parts };
}

/** The nearest folder upwards that holds a workspace or a repository. */
function checkoutRoot(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "pnpm-workspace.yaml")) || existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function isPackage(specifier: string): boolean {
  return !/^(node:|\/|#|[a-z]+:)/.test(specifier) && !builtinModules.includes(specifier) && /^(@[\w.-]+\/)?[\w.-]+/.test(specifier);
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function packageFolder(name: string, importer: string): string | undefined {
  for (let folder = importer; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

function readManifest(folder: string): { version?: string; dependencies?: Record<string, string> } {
  const manifest: { version?: string; dependencies?: Record<string, string> } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ["node_modules", "dist", "fixtures"].includes(entry.name) ? [] : sourceFiles(path);
      return SOURCE.has(extname(entry.name)) && !/\.(test|test-d)\.[a-z]+$/.test(entry.name) ? [path] : [];
    });
}
