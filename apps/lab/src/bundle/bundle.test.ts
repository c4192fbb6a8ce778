import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "@sluice/study";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCheckout } from "./checkout-code.ts";
import { bundlePackages } from "./packages.ts";
import { usesCheckout } from "./project-code.ts";
import { verifyText } from "./texts.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-bundle-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(scratch, path)), { recursive: true });
  writeFileSync(join(scratch, path), text);
}
const read = (path: string): string => readFileSync(join(scratch, path), "utf8");

test("packages from archives come along, and both files refer to the copies; links are named as missing", () => {
  write("archives/a-1.0.0.tgz", "a");
  write("other/a-1.0.0.tgz", "another a");
  const absolute = `file:${join(scratch, "archives/a-1.0.0.tgz")}`;
  const dependencies = { a: absolute, b: "file:../other/a-1.0.0.tgz", c: "^2.0.0", d: "file:../d", e: "workspace:^" };
  write("project/package.json", JSON.stringify({ name: "p", dependencies }));
  const packages = {
    "": { dependencies },
    "node_modules/a": { version: "1.0.0", resolved: "file:../archives/a-1.0.0.tgz", integrity: "sha512-x" },
  };
  write("project/package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }));
  const { lock, missing } = bundlePackages(join(scratch, "project"), join(scratch, "bundled"));
  expect(lock).toBe("package-lock.json");
  expect(missing.map((what) => what.slice(0, 32))).toEqual([
    "the package d is linked (file:..",
    "the package e is linked (workspa",
  ]);
  const own = { ...dependencies, a: "file:packages/a-1.0.0.tgz", b: "file:packages/2-a-1.0.0.tgz" };
  expect(JSON.parse(read("bundled/package.json")).dependencies).toEqual(own);
  const bundled = JSON.parse(read("bundled/package-lock.json")).packages;
  expect(bundled[""].dependencies).toEqual(own);
  expect(bundled["node_modules/a"]).toEqual({ ...packages["node_modules/a"], resolved: "file:packages/a-1.0.0.tgz" });
  expect([read("bundled/packages/a-1.0.0.tgz"), read("bundled/packages/2-a-1.0.0.tgz")]).toEqual(["a", "another a"]);
});

describe("a checkout", () => {
  const repository = join(scratch, "repository");
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
      cwd: repository,
      encoding: "utf8",
    });
  const module = join(repository, "studies/one/study.ts");
  let commit = "";
  let diff = "";

  const bundled = (name: string, state: { commit: string | null; changes: string | null; lost?: string }) => {
    const place = join(scratch, name);
    mkdirSync(place);
    const { changes, ...known } = state;
    const environment: Environment = {
      ...{ runtime: "Node", engine: null, os: null, cpu: null, cores: null, memoryGiB: null, threads: 1, command: "" },
      git: { branch: "main", uncommitted: null, ...known },
    };
    return bundleCheckout(module, { environment, changes }, place);
  };

  beforeAll(() => {
    write("repository/studies/one/study.ts", "committed\n");
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    commit = git("rev-parse", "HEAD").trim();
    write("repository/studies/one/study.ts", "as it ran\n");
    diff = join(scratch, "changes.diff");
    writeFileSync(diff, git("diff"));
    write("repository/studies/one/study.ts", "edited since\n");
  });

  test("is bundled as the trials found it, whatever was edited since", async () => {
    const code = await bundled("changed", { commit, changes: diff });
    expect(code).toMatchObject({ project: "code", module: "code/studies/one/study.ts", command: "npm start --" });
    expect(read("changed/code/studies/one/study.ts")).toBe("as it ran\n");
    expect(read("changed/uncommitted.diff")).toContain("+as it ran");
    expect(readdirSync(join(scratch, "changed/code"))).toEqual(["studies"]);
    await bundled("clean", { commit, changes: null });
    expect(read("clean/code/studies/one/study.ts")).toBe("committed\n");
  });

  test("whose commit is not known, or is gone, is refused", async () => {
    await expect(bundled("none", { commit: null, changes: null })).rejects.toThrow("does not know its commit");
    await expect(bundled("lost", { commit, changes: null, lost: "git is not installed" })).rejects.toThrow(
      "(git is not",
    );
    await expect(bundled("gone", { commit: "1".repeat(40), changes: null })).rejects.toThrow("git archive failed");
    await expect(bundled("damaged", { commit, changes: join(scratch, "archives/a-1.0.0.tgz") })).rejects.toThrow(
      "git apply failed",
    );
  });
});

test("a study that finds the packages in node_modules belongs to a project, and one of this repository to a checkout", () => {
  write("installed/node_modules/@sluice/study/package.json", "{}");
  write("installed/study.js", "");
  expect(usesCheckout(join(scratch, "installed/study.js"))).toBe(false);
  expect(usesCheckout(import.meta.filename)).toBe(true);
});

test("the script refuses an old Node, and files that changed", () => {
  const code = {
    project: "code",
    module: "code/study.ts",
    install: ["echo installed"],
    command: "echo sluice",
    identity: "",
    lock: null,
    packages: [],
    missing: [],
  };
  const data = { files: [], obtain: null };
  const run = (name: string, node: readonly [number, number], sums: string): string => {
    write(`${name}/verify.sh`, verifyText({ code: { ...code, node }, data }));
    write(`${name}/SHA256SUMS`, sums);
    mkdirSync(join(scratch, name, "code"), { recursive: true });
    return execFileSync("sh", [join(scratch, name, "verify.sh"), "--trials", "3"], { encoding: "utf8", stdio: "pipe" });
  };
  const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  write("one two/empty.txt", "");
  const place = join(scratch, "one two");
  expect(run("one two", [20, 0], `${nothing}  empty.txt\n`)).toBe(
    `installed\nsluice verify ${place}/run --study ${place}/code/study.ts --trials 3\n`,
  );
  expect(() => run("old", [999, 5], "")).toThrow(/needs Node 999\.5 or newer, and this is v/);
  expect(() => run("changed files", [20, 0], `${nothing}  gone.txt\n`)).toThrow(/gone\.txt: FAILED open or read/);
});
