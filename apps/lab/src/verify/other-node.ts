import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { studyError } from "@sluice/study";
import { EXIT, type Terminal } from "../terminal.ts";

const windows = process.platform === "win32";

/** Runs the command that this process was started with in another Node, without its option `--node`. */
export function underNode(given: string, { folder, stderr }: Terminal): Promise<number> {
  const node = nodeAt(given, { folder, say: (line) => void stderr.write(`${line}\n`) });
  const version = versionOf(node);
  const [, script = "", ...args] = process.argv;
  const at = args.findIndex((arg) => arg === "--node" || arg.startsWith("--node="));
  const rest = args.toSpliced(at, args[at] === "--node" ? 2 : 1);
  const own = [...new Set([...process.execArgv, ...forTypes(version, script)])];
  const child = spawn(node, [...own, script, ...rest], { cwd: folder, stdio: "inherit" });
  // A terminal sends Ctrl-C to both. This process waits for the other, which says how it ended.
  const wait = (): void => {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, wait);
  return new Promise((settle, fail) => {
    child.once("error", (error) => fail(studyError(`--node ${given}: ${error.message}`, error)));
    child.once("exit", (code) => settle(code ?? EXIT.failed));
  });
}

/** The executable that `--node` names: a path, or a version, which is fetched with npm if need be. */
function nodeAt(given: string, { folder, say }: { readonly folder: string; say(line: string): void }): string {
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
  if (!existsSync(node)) throw studyError(`--node ${given}: the package ${name} has no ${node}. Give the path of a Node`);
  return node;
}

const cacheFolder = (): string =>
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sluice");

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

function versionOf(node: string): readonly number[] {
  const { stdout, status } = spawnSync(node, ["--version"], { encoding: "utf8" });
  const [, version] = /^v(\d+\.\d+\.\d+)/.exec(stdout ?? "") ?? [];
  if (status !== 0 || version === undefined) throw studyError(`--node ${node}: this is not a Node: it has no --version`);
  return version.split(".").map(Number);
}

/** Node 22 before 22.18 reads TypeScript only if it is told to. */
function forTypes([major = 0, minor = 0]: readonly number[], script: string): readonly string[] {
  return script.endsWith(".ts") && (major < 22 || (major === 22 && minor < 18))
    ? ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"]
    : [];
}
