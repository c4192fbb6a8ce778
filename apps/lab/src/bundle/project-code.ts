import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { codeIdentity } from "@sluice/runner";
import { studyError, type Manifest } from "@sluice/study";
import { ROOT_MARK, type BundledCode } from "./code.ts";
import type { RunState } from "./checkout-code.ts";
import { bundlePackages } from "./packages.ts";

/** Other files of a project that a reader looks for. */
const ALSO = ["tsconfig.json", "README.md", "LICENSE"];

/** A run of a study in a project. */
export interface ProjectRun {
  readonly manifest: Manifest;
  /** The study's module, as the run knows it. */
  readonly found: string;
  readonly state: RunState;
}

/**
 * Copies the code of a study in a project that has installed the packages: every file that the code's identity covers,
 * package.json and lock file.
 *
 * @throws an error if the code is no longer that of the run.
 */
export function bundleProject({ manifest, found, state }: ProjectRun, bundle: string): BundledCode {
  const module = realpathSync(found);
  const { hash, contents, parts, root } = codeIdentity(module);
  if (hash !== manifest.code)
    throw studyError(
      `bundle: the code in ${found} is not that of the run (${hash.slice(0, 12)}, and the run has ` +
        `${manifest.code.slice(0, 12)}). Run the study again with "sluice run", or go back to the code of the run; ` +
        "its report names the commit",
    );
  const project = projectOf(module);
  if (!existsSync(join(project, "node_modules", "@sluice", "lab")))
    throw studyError(
      `bundle: ${project} has not installed @sluice/lab, which verify.sh runs. Run npm install @sluice/lab there`,
    );
  const files = Object.keys(contents).filter((path) => !path.split(sep).includes("node_modules"));
  const base = commonFolder([project, root, ...files.map(dirname)]);
  const inBundle = (path: string): string => join("code", relative(base, path));
  const copy = (path: string): void => {
    const target = join(bundle, inBundle(path));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  };
  for (const path of files) copy(path);
  for (const path of manifestsAround(files, base)) copy(path);
  for (const name of ALSO) if (existsSync(join(project, name))) copy(join(project, name));
  const { lock, missing } = bundlePackages(project, join(bundle, inBundle(project)));
  mkdirSync(join(bundle, inBundle(root)), { recursive: true });
  writeFileSync(join(bundle, inBundle(root), ROOT_MARK), `${JSON.stringify({ code: hash }, null, 2)}\n`);
  const npmLock = lock === "package-lock.json" || lock === "npm-shrinkwrap.json";
  return {
    project: inBundle(project),
    module: inBundle(module),
    install: [`npm ${npmLock ? "ci" : "install"} --no-audit --no-fund`],
    command: "./node_modules/.bin/sluice",
    node: /\.m?ts$/.test(module) ? [22, 18] : [22, 12],
    identity: `${files.length} files with the identity of the run, ${hash}; ${versionText(state, bundle)}`,
    lock,
    packages: Object.keys(parts).filter((name) => parts[name] === "installed"),
    missing: npmLock ? missing : [...missing, noLock(lock)],
  };
}

/** Copies the uncommitted changes, and says which commit the trials ran with. */
function versionText({ environment: { git }, changes }: RunState, bundle: string): string {
  if (git === null) return "not in a git repository";
  if (changes !== null) copyFileSync(changes, join(bundle, "uncommitted.diff"));
  const commit = git.commit === null ? "no commit yet" : `commit ${git.commit}`;
  return `${commit}${changes === null ? "" : ", with uncommitted.diff"}${git.lost === undefined ? "" : ` (git failed: ${git.lost})`}`;
}

const noLock = (lock: string | null): string =>
  lock === null
    ? "a lock file: npm installs the newest versions that package.json allows"
    : `a lock file of npm: ${lock} is included, but verify.sh installs with npm, so versions may differ`;

/** Whether the study uses packages from a checkout instead of installed ones. */
export function usesCheckout(module: string): boolean {
  try {
    const path = createRequire(realpathSync(module)).resolve("@sluice/study/package.json");
    return !path.split(sep).includes("node_modules");
  } catch {
    return false;
  }
}

/** The nearest folder whose package.json lists dependencies. */
function projectOf(module: string): string {
  for (let folder = dirname(module); ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path) && /"(dev)?dependencies"/i.test(readFileSync(path, "utf8"))) return folder;
    if (folder === dirname(folder))
      throw studyError(`bundle: ${module} belongs to no project: no package.json with dependencies is at or above it`);
  }
}

/** Each package.json between the files and the base: it says what kind of module a file is. */
function manifestsAround(files: readonly string[], base: string): readonly string[] {
  const found = new Set<string>();
  for (const file of files)
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if (existsSync(join(folder, "package.json"))) found.add(join(folder, "package.json"));
      if (folder === base || folder === dirname(folder)) break;
    }
  return [...found];
}

function commonFolder(folders: readonly string[]): string {
  const [first = "", ...others] = folders;
  let common = first;
  while (!others.every((other) => other === common || other.startsWith(common === sep ? sep : `${common}${sep}`)))
    common = dirname(common);
  return common;
}
