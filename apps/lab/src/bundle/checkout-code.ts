import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unpackTar } from "modern-tar/fs";
import { messageOf, studyError, type Environment } from "@sluice/study";
import type { BundledCode } from "./code.ts";
import { isBinary, withoutFiles } from "./patch.ts";

/** Where the trials of a run ran, and the path of their uncommitted changes. */
export interface RunState {
  readonly environment: Environment;
  readonly changes: string | null;
}

/**
 * The code of a study in a checkout of the packages' own repository: the whole tree of the commit that the trials ran
 * with, and their uncommitted changes applied to it.
 *
 * @throws an error if the commit is not known, or not in the repository, or if the changes cannot be applied.
 */
export async function bundleCheckout(
  module: string,
  { environment, changes }: RunState,
  bundle: string,
): Promise<BundledCode> {
  const { git } = environment;
  const lost = git?.lost;
  if (git === null || git.commit === null || lost !== undefined)
    throw studyError(
      `bundle: the run does not know its commit${lost === undefined ? "" : ` (${lost})`}, and the study in ${module} ` +
        "uses the packages of a checkout. Commit, and run the study again",
    );
  const top = gitIn(dirname(module), ["rev-parse", "--show-toplevel"]).toString().trim();
  const code = join(bundle, "code");
  mkdirSync(code, { recursive: true });
  await pipeline(Readable.from([gitIn(top, ["archive", "--format=tar", git.commit])]), unpackTar(code));
  const missing = changes === null ? [] : applied(resolve(changes), { code, bundle });
  return {
    project: "code",
    module: join("code", relative(top, module)),
    install: [],
    command: "npm start --",
    node: [20, 0],
    identity: `the tree of commit ${git.commit}${changes === null ? "" : ", with uncommitted.diff applied"}`,
    lock: "pnpm-lock.yaml",
    packages: [],
    missing,
  };
}

/** Applies the uncommitted changes to the code. Returns what is not in them. */
function applied(
  changes: string,
  { code, bundle }: { readonly code: string; readonly bundle: string },
): readonly string[] {
  copyFileSync(changes, join(bundle, "uncommitted.diff"));
  const { text, dropped } = withoutFiles(readFileSync(changes, "utf8"), (_, part) => isBinary(part));
  if (text.trim() !== "") {
    const patch = join(bundle, "uncommitted.applied.diff");
    writeFileSync(patch, text);
    gitIn(code, ["apply", "--whitespace=nowarn", patch], { GIT_CEILING_DIRECTORIES: dirname(code) });
    rmSync(patch);
  }
  return dropped.map((path) => `${path}: a binary file that was not committed, so no patch has its content`);
}

function gitIn(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Buffer {
  try {
    return execFileSync("git", args, {
      cwd: folder,
      env: { ...process.env, LC_ALL: "C", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2_000_000_000,
    });
  } catch (error) {
    throw studyError(`bundle: git ${args[0] ?? ""} failed in ${folder}: ${messageOf(error)}`, error);
  }
}
