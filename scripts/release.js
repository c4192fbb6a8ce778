// pnpm release publishes what the changesets say: gates, tests, versions and changelogs, build, publish pnpm release
// --no-check without gates and tests, if they have just passed, as in the release workflow pnpm release --provenance
// with npm's signed statement of where it was built; for workflows It needs a clean tree, and leaves the new versions
// in a commit with a tag. The registry is npm's, or what npm_config_registry says. If a registry failed half-way, run
// it again: it publishes what is missing.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { install } from "./install.js";
import { pnpm } from "./pnpm.js";
import { published } from "./manifests.js";
import { root, run } from "./process.js";

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

async function step(name, running) {
  console.log(`release: ${name}`);
  const code = await running;
  if (code !== 0) throw new Error(`release: ${name} ended with exit code ${code}; nothing after it was done.`);
}

try {
  const { values } = parseArgs({
    options: { check: { type: "boolean", default: true }, provenance: { type: "boolean", default: false } },
    allowNegative: true,
  });
  const changed = git("status", "--porcelain");
  if (changed !== "") throw new Error(`release: commit or remove these first:\n${changed}`);
  const node = await install();
  if (values.check) {
    await step("gates", run(node, ["scripts/check.js"]));
    await step("tests", run(node, ["scripts/test.js"]));
  }

  const changesets = readdirSync(join(root, ".changeset")).filter((file) => file.endsWith(".md"));
  if (changesets.length > 0) {
    await step("versions and changelogs", pnpm(["exec", "changeset", "version"]));
    await step("lockfile", pnpm(["install", "--lockfile-only", "--ignore-scripts"]));
    const { version } = JSON.parse(readFileSync(join(root, published[0], "package.json"), "utf8"));
    git("add", "--all");
    git("commit", "--quiet", "-m", `Release ${version}`);
    git("tag", `v${version}`);
    console.log(`release: version ${version}`);
  } else console.log("release: no changesets; publishing what the registry does not have yet");

  await step("build", pnpm(["run", "build"]));
  const filters = published.map((folder) => `--filter=./${folder}`);
  const provenance = values.provenance ? ["--provenance"] : [];
  await step("publish", pnpm([...filters, "-r", "publish", "--no-git-checks", "--access", "public", ...provenance]));
  console.log("release: done. Push the commit and its tag: git push --follow-tags");
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
