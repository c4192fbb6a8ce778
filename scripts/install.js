import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pnpm } from "./pnpm.js";
import { root } from "./process.js";

const stampFile = join(root, "node_modules", ".sluice-installed");

/**
 * Makes sure that everything in the lockfile is installed, and returns the path of the Node that the repository's jobs
 * use. Installs only if the lockfile has changed since the last install.
 */
export async function install() {
  const stamp = installStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) {
    const node = installedNode();
    if (node !== undefined) return node;
  }
  console.log("Installing the packages that pnpm-lock.yaml names, among them Node 24, into node_modules.");
  const code = await pnpm(["install", "--frozen-lockfile", "--prefer-offline"]);
  if (code !== 0) throw new Error(`pnpm install ended with exit code ${code}; see its message above.`);
  const node = installedNode();
  if (node === undefined)
    throw new Error("The npm package `node` has no binary for this platform; see node_modules/node.");
  writeFileSync(stampFile, stamp);
  return node;
}

function installStamp() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function installedNode() {
  const manifest = join(root, "node_modules", "node", "package.json");
  if (!existsSync(manifest)) return undefined;
  const { bin } = createRequire(import.meta.url)(manifest);
  const binary = join(dirname(manifest), typeof bin === "string" ? bin : bin.node);
  return existsSync(binary) ? binary : undefined;
}
