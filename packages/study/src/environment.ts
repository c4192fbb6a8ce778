import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, release, tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "./json.ts";

/** Where a trial ran. None of it takes part in its identity. */
export interface Environment {
  readonly node: string;
  readonly v8: string;
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly threads: number;
  readonly git: GitState | null;
  readonly command: string;
}

export interface GitState {
  readonly commit: string;
  readonly branch: string;
  /** SHA-256 of the uncommitted changes, saved as `uncommitted.diff`; `null` when there are none. */
  readonly uncommitted: string | null;
}

/** The environment, and the text of the uncommitted changes ("" when there are none). */
export function captureEnvironment(options: { readonly modulePath: string; readonly threads: number; readonly command: string }): { environment: Environment; diff: string } {
  const git = gitState(dirname(options.modulePath));
  return {
    environment: {
      node: process.version,
      v8: process.versions.v8,
      os: `${platform()} ${release()} ${arch()}`,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 1024 / 1024 / 1024),
      threads: options.threads,
      git: git?.state ?? null,
      command: options.command,
    },
    diff: git?.diff ?? "",
  };
}

/** `null` outside a repository, or where git is not installed. */
function gitState(folder: string): { state: GitState; diff: string } | null {
  const git = (args: readonly string[], env: NodeJS.ProcessEnv = process.env, cwd = folder): string =>
    execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 256 * 1024 * 1024 });
  try {
    const commit = git(["rev-parse", "HEAD"]).trim();
    const branch = git(["rev-parse", "--abbrev-ref", "HEAD"]).trim();
    const diff = uncommittedChanges(git, folder);
    return { state: { commit, branch, uncommitted: diff === "" ? null : sha256(diff) }, diff };
  } catch {
    return null;
  }
}

/** The changes to tracked files and the untracked files that are not ignored, as one patch. Works on a copy of the index: the repository is only read. */
function uncommittedChanges(git: (args: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string) => string, folder: string): string {
  const top = git(["rev-parse", "--show-toplevel"]).trim();
  const scratch = mkdtempSync(join(tmpdir(), "sluice-index-"));
  try {
    const index = join(scratch, "index");
    copyFileSync(resolve(folder, git(["rev-parse", "--git-path", "index"]).trim()), index);
    const env = { ...process.env, GIT_INDEX_FILE: index };
    git(["add", "--intent-to-add", "--", "."], env, top);
    return git(["diff", "HEAD", "--no-ext-diff", "--no-color"], env, top);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
