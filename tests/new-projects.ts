/** Tests of what `sluice new` writes and `sluice bundle` packs, with the packages as published. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { outcomeOf } from "./examples.ts";
import { env, install } from "./packed.ts";
import { readJson, root, type Manifest } from "./workspace.ts";

/** `project` has all packages from archives; what is made below it finds them, as if it had installed them. */
export function testNewProjects(scratch: string, project: string): void {
  const succeed = async (program: string, args: readonly string[], cwd: string): Promise<string> => {
    const { code, output } = await outcomeOf(program, args, { cwd, env });
    expect(code, output).toBe(0);
    return output;
  };
  const tsc = join(root, "node_modules/typescript/bin/tsc");

  describe.each(["study", "cell", "plugin"])("sluice new %s", (kind) => {
    const made = join(project, `my-${kind}`);

    test("is a project that type-checks, passes its tests and runs", { timeout: 300_000 }, async () => {
      await succeed("npx", ["sluice", "new", kind, `my-${kind}`], project);
      const { dependencies = {}, devDependencies = {} } = manifestOf(made);
      const { version } = readJson<Manifest>("apps/lab/package.json");
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies }))
        if (name.startsWith("@sluice/")) expect(range, name).toBe(`^${version}`);
      await succeed(process.execPath, [tsc, "-p", made, "--typeRoots", join(root, "node_modules/@types")], made);
      expect(await succeed(process.execPath, ["--test", "--test-reporter=spec"], made)).toMatch(/pass 1[0-9]/);
      // Every kind has a study like this one: npm run test:long.
      if (kind !== "study" && !inject("long")) return;
      const output = await succeed("npx", ["sluice", "run", "epochs=1", "--seeds", "1"], made);
      expect(output).toMatch(/Report: .*report\.html/);
      if (kind === "study") return;
      const build = ["-p", "tsconfig.build.json", "--typeRoots", join(root, "node_modules/@types")];
      await succeed(process.execPath, [tsc, ...build], made);
      expect(existsSync(join(made, "dist/index.d.ts"))).toBe(true);
    });
  });

  // It installs all packages twice: npm run test:long. What is in a bundle is tested in apps/lab/src/bundle.
  const bundling = test.runIf(inject("long"));
  bundling("a bundle of its run verifies in an empty folder, with its bits", { timeout: 600_000 }, async () => {
    const made = join(scratch, "elsewhere/soft-gate");
    await succeed("npx", ["sluice", "new", "study", made], project);
    // The packages of this version are not in a registry yet: their archives take their place.
    const manifest = manifestOf(made);
    const archives = manifestOf(project).dependencies;
    writeFileSync(
      join(made, "package.json"),
      JSON.stringify({ ...manifest, dependencies: archives, devDependencies: {} }),
    );
    await install(made);
    await succeed("npx", ["sluice", "run", "epochs=1", "--seeds", "2"], made);
    await succeed("npx", ["sluice", "bundle", "runs/soft-gate/quick+epochs=1", "../bundle.tar.gz"], made);
    // What it came from is gone.
    rmSync(made, { recursive: true });
    const empty = join(scratch, "empty");
    mkdirSync(empty);
    await succeed("tar", ["-xzf", join(scratch, "elsewhere/bundle.tar.gz")], empty);
    const output = await succeed("sh", ["bundle/verify.sh", "--threads", "2"], empty);
    expect(output).toContain("4 bitwise the same");
    expect(output).not.toContain("The code is not that of the run");
    const bundle = join(empty, "bundle");
    expect(readFileSync(join(bundle, "tables/results.tex"), "utf8")).toContain("\\toprule");
    expect(globSync("figures/*.svg", { cwd: bundle })).toContain("figures/adding-validationLoss.svg");
    expect(readFileSync(join(bundle, "CHECKLIST.md"), "utf8")).toContain(
      "- [x] Code: 2 files with the identity of the run",
    );
    // A file that was changed on the way is noticed before anything runs.
    writeFileSync(join(bundle, "statistics.json"), "{}");
    const changed = await outcomeOf("sh", ["bundle/verify.sh"], { cwd: empty, env });
    expect(changed.code).not.toBe(0);
    expect(changed.output).toContain("statistics.json: FAILED");
  });
}

interface Listed extends Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Listed {
  const manifest: Listed = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}
