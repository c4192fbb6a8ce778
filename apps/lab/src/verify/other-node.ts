import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { studyError } from "@sluice/study";

const windows = process.platform === "win32";

/** The executable that `--node` names: a path, or a version, which is fetched with npm if need be. */
export function nodeAt(given: string, { folder, say }: { readonly folder: string; say(line: string): void }): string {
  const path = resolve(folder, given);
  if (existsSync(path) && statSync(path).isFile()) return path;
  const [, version] = /^v?(\d+(?:\.\d+){0,2})$/.exec(given) ?? [];
  if (version === undefined)
    throw studyError(`--node ${given}: no such file, and not a version such as 22.12.0. Give the path of a Node`);
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  const home = join(cacheFolder(), `${name}-${version}`);
  const node = join(home, "node_modules", name, "bin", windows ? "node.exe" : "node");
  if (existsSync(node)) return node;
  say(`Fetching ${name}@${version} from the npm registry into ${home}.`);
  fetchInto(home, { name, version });
  if (!existsSync(node))
    throw studyError(`--node ${given}: the package ${name} has no ${node}. Give the path of a Node`);
  return node;
}

const cacheFolder = (): string => join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sluice");

/** Elsewhere at first, so that a download that was interrupted is not taken for a Node. */
function fetchInto(home: string, { name, version }: { readonly name: string; readonly version: string }): void {
  mkdirSync(dirname(home), { recursive: true });
  const unfinished = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(unfinished, "package.json"), '{ "private": true }\n');
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`];
    const { status, stderr, error } = spawnSync("npm", args, { cwd: unfinished, encoding: "utf8", shell: windows });
    if (status !== 0)
      throw studyError(
        `--node ${version}: npm did not fetch ${name}@${version}: ${error?.message ?? stderr.trim().split("\n")[0] ?? ""}. ` +
          "Is it a version of Node, and is the npm registry reachable? Otherwise give the path of a Node",
        error ?? new Error(stderr),
      );
    renameSync(unfinished, home);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
