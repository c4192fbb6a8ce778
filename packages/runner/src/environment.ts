import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, release, tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "@sluice/formats";
import { messageOf, systemCode, type Environment, type GitState } from "@sluice/study";

/** The environment, and the text of the uncommitted changes ("" if there are none). */
export function captureEnvironment(options: {
  /** Path of the study's module. The repository around it is described. */
  readonly module: string;
  readonly threads: number;
  readonly command: string;
}): { environment: Environment; changes: string } {
  const git = gitState(dirname(options.module));
  return {
    environment: {
      ...machine(),
      threads: options.threads,
      git: git?.state ?? null,
      command: options.command,
    },
    changes: git?.diff ?? "",
  };
}

/** The part of the environment that is the machine's: a trial may run on another one than its runner. */
export const machine = () => ({
  runtime: `Node ${process.versions.node}`,
  engine: `V8 ${process.versions.v8}`,
  os: `${platform()} ${release()} ${arch()}`,
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 1024 / 1024 / 1024),
});

/** The empty git tree, with which a repository without a commit is compared. */
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** `null` outside a repository. If git fails inside one, what is missing is reported with the reason. */
function gitState(folder: string): { state: GitState; diff: string } | null {
  if (!inRepository(folder)) return null;
  const git: Git = (args, env = process.env, cwd = folder) =>
    execFileSync("git", args, {
      cwd,
      env: { ...env, LC_ALL: "C" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 256 * 1024 * 1024,
    });
  const lost: string[] = [];
  const attempt = (what: string, ask: () => string): string | null => {
    try {
      return ask();
    } catch (error) {
      lost.push(`${what} (${whyGitFailed(error)})`);
      return null;
    }
  };
  const top = attempt("commit and uncommitted changes", () => git(["rev-parse", "--show-toplevel"]).trim());
  if (top === null)
    return { state: { commit: null, branch: null, uncommitted: null, lost: lost.join("; ") }, diff: "" };
  const commit = quietly(() => git(["rev-parse", "--verify", "HEAD"]).trim());
  const branch = quietly(() => git(["symbolic-ref", "--short", "HEAD"]).trim()) ?? (commit === null ? null : "HEAD");
  const diff = attempt("uncommitted changes", () =>
    uncommittedChanges(git, { folder, top, commit: commit ?? EMPTY_TREE }),
  );
  const state = { commit, branch, uncommitted: diff === null || diff === "" ? null : sha256(diff) };
  return { state: lost.length === 0 ? state : { ...state, lost: lost.join("; ") }, diff: diff ?? "" };
}

type Git = (args: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string) => string;

/** Looks for the repository without git, so that a failing git does not look like a missing repository. */
function inRepository(from: string): boolean {
  if (process.env["GIT_DIR"] !== undefined) return true;
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function whyGitFailed(error: unknown): string {
  const said =
    error instanceof Error && "stderr" in error && typeof error.stderr === "string"
      ? error.stderr.trim().split("\n")[0]
      : "";
  if (said !== undefined && said !== "") return said;
  return systemCode(error) === "ENOENT" && messageOf(error).includes("git")
    ? "git is not installed"
    : (messageOf(error).split("\n")[0] ?? "");
}

function quietly(ask: () => string): string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

/**
 * The changes to tracked files, and the untracked files that are not ignored, as one patch. It uses a copy of the
 * index, so the repository is not modified.
 */
function uncommittedChanges(
  git: Git,
  { folder, top, commit }: { readonly folder: string; readonly top: string; readonly commit: string },
): string {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-index-"));
  try {
    const index = join(scratch, "index");
    const own = resolve(folder, git(["rev-parse", "--git-path", "index"]).trim());
    if (existsSync(own)) copyFileSync(own, index);
    const env = { ...process.env, GIT_INDEX_FILE: index };
    git(["add", "--intent-to-add", "--", "."], env, top);
    return git(["diff", commit, "--no-ext-diff", "--no-color"], env, top);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
