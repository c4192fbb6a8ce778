import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { trialCode } from "@sluice/runner";
import type { Manifest } from "@sluice/study";

/** A checkout with the code of a run. */
export interface Checkout {
  readonly root: string;
  /** In words. */
  readonly is: string;
}

/**
 * The checkout that has the code of a run: this one if its code is the same, or else a worktree at the run's commit in
 * `runs/`, which stays there for the next time.
 *
 * @throws an error if the commit is not in this clone.
 */
export function checkoutFor(
  { module, code }: Pick<Manifest, "module" | "code">,
  { commit, root }: { readonly commit: string | undefined; readonly root: string },
): Checkout {
  if (module !== null && existsSync(module) && trialCode(module).hash === code) return { root, is: "this checkout" };
  if (commit === undefined) throw new Error("The code has changed since the run, and the run's commit is not known.");
  return worktreeAt(commit, root);
}

/** A worktree at a commit. */
export function worktreeAt(commit: string, root: string): Checkout {
  const path = join(root, "runs", `.at-${commit.slice(0, 12)}`);
  if (!existsSync(path)) {
    execFileSync("git", ["worktree", "prune"], { cwd: root });
    execFileSync("git", ["worktree", "add", "--detach", path, commit], { cwd: root, stdio: "pipe" });
  }
  return { root: path, is: `a worktree at ${commit.slice(0, 7)}` };
}

/** The commit of this checkout; `null` if something is not committed. */
export function cleanCommit(root: string): string | null {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  return git("status", "--porcelain", "--", ":!experiments/results") === "" ? git("rev-parse", "HEAD") : null;
}

/** Runs the command `sluice` of a checkout, which installs what it needs. Resolves to its exit code and its output. */
export function sluiceIn(
  root: string,
  args: readonly string[],
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, ["scripts/start.js", ...args], {
    cwd: root,
    stdio: ["inherit", quiet ? "pipe" : "inherit", "inherit"],
  });
  let output = "";
  child.stdout?.on("data", (part) => (output += part));
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", (code) => settle({ code: code ?? 1, output }));
  });
}
