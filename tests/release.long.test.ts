// `pnpm release` from a clone in which nothing was built, to a registry on this machine; and what a user then installs.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { published } from "../scripts/manifests.js";
import { outcomeOf, programOf } from "./examples.ts";
import { registry, type Registry } from "./registry.ts";
import { readJson, root, type Manifest } from "./workspace.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-release-"));
const clone = join(scratch, "clone");
const project = join(scratch, "project");
const upstream = process.env["npm_config_registry"] ?? "https://registry.npmjs.org/";
const names = published.map((folder) => readJson<Manifest>(folder, "package.json").name).sort();

let local: Registry;
let env: NodeJS.ProcessEnv;

async function release(): Promise<string> {
  const { code, output } = await outcomeOf(process.execPath, ["scripts/release.js", "--no-check"], { cwd: clone, env });
  expect(code, output).toBe(0);
  return output;
}

beforeAll(async () => {
  local = await registry(upstream);
  const tests = Object.entries(process.env).filter(([name]) => !/^(npm|pnpm|vitest)_?/i.test(name));
  const user = {
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@b.c",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@b.c",
  };
  env = { ...Object.fromEntries(tests), ...user };
  execFileSync("git", ["clone", "--quiet", "--depth=1", `file://${root}`, clone]);
  // Installs as every clone does, from the usual registry, before the local one is known.
  const installed = await outcomeOf(
    process.execPath,
    ["--input-type=module", "-e", `await (await import("./scripts/install.js")).install()`],
    { cwd: clone, env },
  );
  expect(installed.code, installed.output).toBe(0);
  expect(existsSync(join(clone, "packages/tensor/dist"))).toBe(false);
  const npmrc = join(scratch, "npmrc");
  writeFileSync(npmrc, `registry=${local.address}\n//${new URL(local.address).host}/:_authToken=anyone\n`);
  Object.assign(env, {
    npm_config_registry: local.address,
    npm_config_userconfig: npmrc,
    NPM_CONFIG_USERCONFIG: npmrc,
  });
}, 600_000);

afterAll(() => {
  local.close();
  rmSync(scratch, { recursive: true, force: true });
});

test("publishes every package once, at one version, in a commit with a tag", { timeout: 900_000 }, async () => {
  const output = await release();
  const [, version] = /release: version (\S+)/.exec(output) ?? [];
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect([...local.published.keys()].sort()).toEqual(names);
  for (const versions of local.published.values()) expect(versions).toEqual([version]);
  expect(execFileSync("git", ["tag"], { cwd: clone, encoding: "utf8" })).toContain(`v${version}`);
  expect(execFileSync("git", ["status", "--porcelain"], { cwd: clone, encoding: "utf8" })).toBe("");
});

test("run again publishes nothing again", { timeout: 900_000 }, async () => {
  await release();
  for (const versions of local.published.values()) expect(versions).toHaveLength(1);
});

test(
  "what is installed holds its build and its changelog, and runs the README's example",
  { timeout: 600_000 },
  async () => {
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
    const installed = await outcomeOf("npm", ["install", "--no-audit", "--no-fund", ...names], { cwd: project, env });
    expect(installed.code, installed.output).toBe(0);
    for (const name of names) {
      const files = readdirSync(join(project, "node_modules", name));
      expect(files, name).toEqual(
        expect.arrayContaining(["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json"]),
      );
      expect(readdirSync(join(project, "node_modules", name, "dist")).length).toBeGreaterThan(1);
      expect(readFileSync(join(project, "node_modules", name, "package.json"), "utf8")).not.toContain("workspace:");
    }
    writeFileSync(join(project, "example.ts"), programOf("README.md", clone) ?? "");
    const { code, output } = await outcomeOf(process.execPath, ["example.ts"], { cwd: project, env });
    expect(code, output).toBe(0);
  },
);

test("a package that is packed before anything was built is whole", { timeout: 600_000 }, async () => {
  execFileSync("git", ["clean", "-fdxq", "-e", "node_modules", "-e", ".pnpm-home"], { cwd: clone });
  const folder = join(clone, "packages", "cells");
  const { code, output } = await outcomeOf(
    process.execPath,
    [join(clone, "scripts/pnpm.js"), "--dir", folder, "pack", "--pack-destination", scratch],
    { cwd: clone, env },
  );
  expect(code, output).toBe(0);
  const tarball = readdirSync(scratch).find((file) => file.startsWith("sluice-cells-") && file.endsWith(".tgz"));
  const files = execFileSync("tar", ["-tzf", join(scratch, tarball ?? "")], { encoding: "utf8" });
  expect(files).toContain("package/dist/index.js");
});
