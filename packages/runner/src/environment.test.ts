import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { captureEnvironment } from "./environment.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-environment-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "case-"));
  vi.stubEnv("GIT_CONFIG_GLOBAL", join(scratch, "none"));
});
afterEach(() => void vi.unstubAllEnvs());

const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
const captured = () => {
  const { environment, changes } = captureEnvironment({ module: join(folder, "study.ts"), threads: 1, command: "" });
  return { git: environment.git, changes };
};

function repository(): string {
  git("init", "--initial-branch", "trunk");
  writeFileSync(join(folder, "study.ts"), "1\n");
  git("add", ".");
  git("commit", "--message", "one");
  return git("rev-parse", "HEAD");
}

/** A git that says something and fails, for one of its commands. */
function failing(command: string, says: string): void {
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  const bin = join(folder, ".git", "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "git"),
    `#!/bin/sh\nfor word in "$@"; do [ "$word" = "${command}" ] && { echo "${says}" >&2; exit 128; }; done\nexec ${real} "$@"\n`,
  );
  chmodSync(join(bin, "git"), 0o755);
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
}

test("outside a repository there is none", () => {
  expect(captured()).toEqual({ git: null, changes: "" });
});

test("in a repository: commit, branch, and the changes that no commit holds, new files among them", () => {
  const commit = repository();
  expect(captured()).toEqual({ git: { commit, branch: "trunk", uncommitted: null }, changes: "" });
  writeFileSync(join(folder, "new.ts"), "2\n");
  const { git: state, changes } = captured();
  expect(changes).toContain("+2");
  expect(state).toEqual({ commit, branch: "trunk", uncommitted: createHash("sha256").update(changes).digest("hex") });
  expect(git("status", "--porcelain")).toBe("?? new.ts");
});

test("a repository without a commit has its files as changes", () => {
  git("init", "--initial-branch", "trunk");
  writeFileSync(join(folder, "study.ts"), "1\n");
  const { git: state, changes } = captured();
  expect(changes).toContain("+1");
  expect(state).toMatchObject({ commit: null, branch: "trunk" });
  expect(state?.lost).toBeUndefined();
});

test.runIf(process.platform !== "win32")("what git does not tell is lost, with the reason", () => {
  const commit = repository();
  const lost = (): string | undefined => captured().git?.lost;

  vi.stubEnv("TMPDIR", join(folder, "no such folder"));
  expect(captured().git).toMatchObject({ commit, uncommitted: null });
  expect(lost()).toMatch(/^uncommitted changes \(.*no such folder/);
  vi.unstubAllEnvs();

  vi.stubEnv("PATH", join(folder, "nothing"));
  expect(lost()).toBe("commit and uncommitted changes (git is not installed)");
  vi.unstubAllEnvs();

  failing("diff", "fatal: out of paper");
  expect(lost()).toBe("uncommitted changes (fatal: out of paper)");
  vi.unstubAllEnvs();

  rmSync(join(folder, ".git/bin"), { recursive: true });
  failing("rev-parse", "fatal: detected dubious ownership");
  expect(lost()).toBe("commit and uncommitted changes (fatal: detected dubious ownership)");
});
