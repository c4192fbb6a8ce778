import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { messageOf, studyError, type Json } from "@sluice/study";
import { freeName } from "./free-name.ts";

/** Lock files that pin the versions of packages, npm's first. */
const LOCKS = ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"] as const;

export interface BundledPackages {
  /** The name of the lock file, or `null` if the project has none. */
  readonly lock: string | null;
  /** What a reviewer cannot install from these files, with the reason. */
  readonly missing: readonly string[];
}

/**
 * Copies package.json and the lock file of a project. Packages that come from archives on this machine are copied too,
 * into `packages/`, and both files refer to the copies.
 */
export function bundlePackages(project: string, target: string): BundledPackages {
  const manifest = readJson(join(project, "package.json"));
  const archives = new Map<string, string>();
  const missing: string[] = [];
  const place = (spec: string): string => {
    const archive = resolve(project, spec.slice("file:".length));
    if (!existsSync(archive)) return spec;
    const known = archives.get(archive) ?? freeName(basename(archive), [...archives.values()]);
    archives.set(archive, known);
    return `file:packages/${known}`;
  };
  const rewritten = strings(manifest, (text) => (/^file:.*\.tgz$/.test(text) ? place(text) : text));
  for (const [name, spec] of dependenciesOf(manifest))
    if (/^(link|workspace|portal|catalog):/.test(spec) || (spec.startsWith("file:") && !spec.endsWith(".tgz")))
      missing.push(`the package ${name} is linked (${spec}): publish or pack it, and install that`);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), `${JSON.stringify(rewritten, null, 2)}\n`);
  const lock = LOCKS.find((name) => existsSync(join(project, name))) ?? null;
  if (lock === "package-lock.json" || lock === "npm-shrinkwrap.json") {
    const own = strings(readJson(join(project, lock)), (text) => (/^file:.*\.tgz$/.test(text) ? place(text) : text));
    writeFileSync(join(target, lock), `${JSON.stringify(own, null, 2)}\n`);
  } else if (lock !== null) copyFileSync(join(project, lock), join(target, lock));
  if (archives.size > 0) mkdirSync(join(target, "packages"), { recursive: true });
  for (const [archive, name] of archives) copyFileSync(archive, join(target, "packages", name));
  return { lock, missing };
}

function dependenciesOf(manifest: Json): readonly (readonly [string, string])[] {
  if (typeof manifest !== "object" || manifest === null) return [];
  return Object.entries(manifest)
    .filter(([part]) => /^(dev|optional)?dependencies$/i.test(part))
    .flatMap(([, listed]) =>
      typeof listed === "object" && listed !== null
        ? Object.entries(listed).map(([name, spec]) => [name, String(spec)] as const)
        : [],
    );
}

/** The same document with other texts. */
function strings(value: Json, change: (text: string) => string): Json {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one: Json) => strings(one, change));
  return Object.fromEntries(Object.entries(value).map(([name, one]: [string, Json]) => [name, strings(one, change)]));
}

function readJson(path: string): Json {
  try {
    const content: Json = JSON.parse(readFileSync(path, "utf8"));
    return content;
  } catch (error) {
    throw studyError(`${path}: cannot be read: ${messageOf(error)}`, error);
  }
}
