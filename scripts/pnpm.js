// Runs the pnpm version that package.json pins: node scripts/pnpm.js <arguments>. It is fetched once by npm into
// .pnpm-home; nothing is installed globally. Plain JavaScript for Node >= 20, without dependencies, because it runs
// before anything is installed.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npm, root, run, windows } from "./process.js";

/** Runs the pinned pnpm in the repository root, fetching it if need be; resolves to its exit code. */
export async function pnpm(args, options = {}) {
  const bin = await pnpmFolder();
  // On the path as well, because turbo and package scripts call it by name. An install script may call npm: without its
  // advertisements.
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    npm_config_update_notifier: "false",
  };
  return run(join(bin, windows ? "pnpm.cmd" : "pnpm"), args, { env, shell: windows, ...options });
}

/** The folder that holds the pinned pnpm's command. */
export async function pnpmFolder() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = packageManager.split("@")[1];
  const home = join(root, ".pnpm-home");
  const folder = join(home, version);
  const bin = join(folder, "node_modules", ".bin");
  if (existsSync(bin)) return bin;

  console.log(`Fetching pnpm ${version} into .pnpm-home (once; nothing is installed globally).`);
  const unfinished = join(home, `unfinished-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, "package.json"), '{ "private": true }\n');
  const code = await npm(["install", `pnpm@${version}`], unfinished);
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(
      `Could not fetch pnpm ${version}: npm install ended with exit code ${code}. Is the npm registry reachable from here?`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return bin;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await pnpm(process.argv.slice(2));
