// Every package works as it is published: packed, installed with the others into an empty project, its README's example and the root's run there.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pnpmFolder } from "../scripts/pnpm.js";
import { exampleOf, outcomeOf, readmes, type Outcome } from "./examples.ts";
import { packageNames, root } from "./workspace.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-published-"));
const tarballs = join(scratch, "tarballs");
const project = join(scratch, "project");

/** The environment without what a surrounding npm or pnpm left there for its scripts. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_(?!config_(registry|cafile)$)/i.test(name)));

let types: Outcome;

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await outcomeOf(program, args, { cwd, env });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} in ${cwd} ended with ${code}:\n${output}`);
}

beforeAll(async () => {
  env["PATH"] = `${await pnpmFolder()}${delimiter}${env["PATH"] ?? ""}`;
  await succeed(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], root);
  mkdirSync(tarballs);
  for (const name of packageNames) await succeed("pnpm", ["pack", "--pack-destination", tarballs], join(root, "packages", name));

  mkdirSync(project);
  const dependencies = Object.fromEntries(packageNames.map((name) => [`@sluice/${name}`, `file:${tarballOf(name)}`]));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  await succeed("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], project);

  for (const { name, folder } of readmes) {
    const example = exampleOf(folder);
    if (example !== undefined) writeFileSync(join(project, `${name}.ts`), example);
  }
  // A consumer with strict settings, and without the types of Node.
  const compilerOptions = { strict: true, noEmit: true, target: "ES2024", lib: ["ES2024", "DOM"], module: "NodeNext", types: [], skipLibCheck: true };
  writeFileSync(join(project, "none.ts"), "export {};\n");
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  types = await outcomeOf(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], { cwd: project, env });
}, 300_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function tarballOf(name: string): string {
  const file = readdirSync(tarballs).find((tarball) => tarball.startsWith(`sluice-${name}-`));
  if (file === undefined) throw new Error(`pnpm pack left no tarball of @sluice/${name}`);
  return join(tarballs, file);
}

describe.each(packageNames)("@sluice/%s as published", (name) => {
  const installed = join(project, "node_modules", "@sluice", name);

  test("holds its build, its sources, its README and the licence, and no tests", () => {
    for (const file of ["package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts", "src/index.ts"]) {
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => /\.test(-d)?\.|tsbuildinfo/.test(file))).toEqual([]);
  });
});

test("a plain install is light: nothing native, nothing that builds, and gpu.js within @sluice/gpu, with its licence", () => {
  const modules = join(project, "node_modules");
  const files = readdirSync(modules, { recursive: true, encoding: "utf8" });
  expect(files.filter((file) => /\.node$|binding\.gyp$|(^|\/)(gl|webgpu)\/package\.json$/.test(file))).toEqual([]);
  const gpu = files.filter((file) => file.startsWith(join("@sluice", "gpu")));
  expect(gpu.reduce((bytes, file) => bytes + statSync(join(modules, file)).size, 0)).toBeLessThan(5e6);
  for (const file of ["MIT-LICENSE.txt", "src/index.js", "dist/gpu-browser.js"]) expect(gpu).toContain(join("@sluice", "gpu", "dist", "gpu.js", file));
});

describe.each(readmes)("the README of $name, with the packages as published", ({ name, folder }) => {
  test("has an example that runs", { timeout: 120_000 }, async () => {
    expect(exampleOf(folder), `${folder}/README.md has no \`\`\`ts block`).toBeDefined();
    const { code, output } = await outcomeOf(process.execPath, [`${name}.ts`], { cwd: project, env });
    expect(code, output).toBe(0);
  });

  test("has an example that type-checks", () => {
    expect(exampleOf(folder)).toBeDefined();
    expect(types.output).not.toMatch(/^error /m);
    expect(types.output.split("\n").filter((line) => line.startsWith(`${name}.ts`))).toEqual([]);
  });
});
