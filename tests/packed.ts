/** The packages as they are published: packed, and installed with npm outside the workspace. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pnpmFolder } from "../scripts/pnpm.js";
import { outcomeOf } from "./examples.ts";
import { npmName, packageNames, root } from "./workspace.ts";

/**
 * The environment without the variables that a surrounding npm or pnpm sets for its scripts. Installed commands take the
 * first Node of the path: here the one that runs the tests, not whichever the machine has.
 */
export const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_(?!config_(registry|cafile)$)/i.test(name)),
  ),
  PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
};

/** Builds and packs all packages, and installs the tarballs into the new folder `scratch/project`, which it returns. */
export async function installPacked(scratch: string): Promise<string> {
  const tarballs = join(scratch, "tarballs");
  const project = join(scratch, "project");
  env["PATH"] = [await pnpmFolder(), env["PATH"] ?? ""].join(delimiter);
  await succeed("pnpm", ["run", "build"], root);
  mkdirSync(tarballs);
  // All at once, and not built again one by one; tests/release.long.test.ts packs what was not built.
  const pack = [
    "-r",
    "--filter=./packages/*",
    "--filter=@sluice/lab",
    "--filter=create-sluice",
    "pack",
    "--ignore-scripts",
    "--pack-destination",
    tarballs,
  ];
  await succeed("pnpm", pack, root);

  mkdirSync(project);
  const dependencies = Object.fromEntries(
    [...packageNames, "lab", "create"].map((name) => [npmName(name), `file:${tarballOf(tarballs, name)}`]),
  );
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  await install(project);
  return project;
}

/** Runs `npm install` in a folder. */
export const install = (folder: string, ...packages: readonly string[]): Promise<void> =>
  succeed("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], folder);

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await outcomeOf(program, args, { cwd, env });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} in ${cwd} ended with ${code}:\n${output}`);
}

function tarballOf(tarballs: string, name: string): string {
  const file = readdirSync(tarballs).find((tarball) =>
    tarball.startsWith(`${npmName(name).replace("@", "").replace("/", "-")}-0`),
  );
  if (file === undefined) throw new Error(`pnpm pack left no tarball of ${npmName(name)}`);
  return join(tarballs, file);
}
