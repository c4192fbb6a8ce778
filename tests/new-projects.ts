/** Tests of what `npm create sluice` writes, and of what can be done in it, with the packages as published. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { outcomeOf } from "./examples.ts";
import { env, install } from "./packed.ts";
import { readJson, root, type Manifest } from "./workspace.ts";

const kinds = ["study", "compare", "records", "modalities", "cell", "plugin"];
const languages = [
  { language: "TypeScript", flag: "--typescript" },
  { language: "JavaScript", flag: "--javascript" },
];
const projects = languages.flatMap((language) => kinds.map((kind) => ({ kind, ...language })));

/** `project` has all packages from archives; what is made below it finds them, as if it had installed them. */
export function testNewProjects(scratch: string, project: string): void {
  const types = ["--typeRoots", join(root, "node_modules/@types")];
  const tsc = (folder: string, config: string): Promise<string> =>
    succeed(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config, ...types], folder);

  // All of them: npm run test:long. The gates check the types and the format of what they are made of.
  const made = inject("long") ? projects : projects.slice(0, 1);
  test.each(made)("npm create sluice $kind in $language, which works", { timeout: 600_000 }, async ({ kind, flag }) => {
    const name = `my-${kind}-in-${flag.slice(2)}`;
    const folder = join(project, name);
    await succeed("npx", ["create-sluice", kind, name, flag], project);
    const { dependencies = {}, devDependencies = {}, scripts = {} } = manifestOf(folder);
    const { version } = readJson<Manifest>("apps/lab/package.json");
    for (const [one, range] of Object.entries({ ...dependencies, ...devDependencies }))
      if (one.startsWith("@sluice/")) expect(range, one).toBe(`^${version}`);
    if (scripts["types"] !== undefined) await tsc(folder, ".");
    if (globSync("**/*.test.*", { cwd: folder }).length > 0)
      expect(await succeed(process.execPath, ["--test", "--test-reporter=spec"], folder)).toMatch(/pass 1[0-9]/);
    const output = await succeed("npx", ["sluice", "run", "epochs=1", "--seeds", "1"], folder);
    expect(output).toMatch(/Report: .*report\.html/);
    if (scripts["build"] === undefined) return;
    await tsc(folder, "tsconfig.build.json");
    expect(existsSync(join(folder, "dist/index.d.ts"))).toBe(true);
  });

  // It installs all packages twice: npm run test:long.
  describe.runIf(inject("long")).each(languages)("a project in $language, for somebody new", ({ flag }) =>
    testForStranger(flag, { scratch, project }),
  );
}

function testForStranger(
  flag: string,
  { scratch, project }: { readonly scratch: string; readonly project: string },
): void {
  const home = join(scratch, `home${flag}`);
  const made = join(home, "soft-gate");
  const stranger = { ...env, HOME: home, USERPROFILE: home };
  const sluice = (...args: readonly string[]): Promise<string> => succeed("npx", ["sluice", ...args], made, stranger);

  test("is swept, run, compared and bundled, and the bundle verifies", { timeout: 1_200_000 }, async () => {
    mkdirSync(home);
    await succeed("npx", ["create-sluice", made, flag], project);
    useArchives(made, project);
    await install(made);
    expect(await sluice("plan", "epochs=1", "--seeds", "5", "--probe", "1")).toMatch(/from probes/);
    expect(await sluice("run", "epochs=1", "--seeds", "2")).toContain("Not tuned: learningRate");
    expect(await sluice("sweep", "epochs=1", "--seeds", "2")).toMatch(/Report: .*sweep.*report\.html/);
    expect(await sluice("run", "epochs=1", "--seeds", "2")).toMatch(
      /Nothing left to run[^]*Report: .*sweep.*report\.html/,
    );
    await sluice("run", "epochs=2", "--seeds", "2");
    const [one, two, sweep] = ["quick+epochs=1", "quick+epochs=2", "quick+epochs=1+sweep"].map(
      (run) => `runs/soft-gate/${run}`,
    );
    expect(await sluice("compare", one!, two!)).toContain("Held-out loss");
    expect(await sluice("why", one!, two!)).toContain("epochs 1 → 2");
    await sluice("bundle", one!, "../run.tar.gz");
    await sluice("bundle", sweep!, "../sweep.tar.gz");
    // What they came from is gone.
    rmSync(made, { recursive: true });
    const bundle = await unpacked("run", "4 bitwise the same");
    await unpacked("sweep", "12 bitwise the same");
    expect(readFileSync(join(bundle, "tables/results.tex"), "utf8")).toContain("\\toprule");
    expect(globSync("figures/*.svg", { cwd: bundle })).toContain("figures/adding-validationLoss.svg");
    expect(readFileSync(join(bundle, "CHECKLIST.md"), "utf8")).toContain(
      "- [x] Code: 2 files with the identity of the run",
    );
    // A file that was changed on the way is noticed before anything runs.
    writeFileSync(join(bundle, "statistics.json"), "{}");
    const changed = await outcomeOf("sh", ["verify.sh"], { cwd: bundle, env: stranger });
    expect(changed.code).not.toBe(0);
    expect(changed.output).toContain("statistics.json: FAILED");
  });

  /** Verifies a bundle in an empty folder, and returns its folder. */
  async function unpacked(name: string, found: string): Promise<string> {
    const empty = join(home, `empty-${name}`);
    mkdirSync(empty);
    await succeed("tar", ["-xzf", join(home, `${name}.tar.gz`)], empty);
    const [folder = ""] = globSync("*/verify.sh", { cwd: empty }).map((path) => join(empty, path, ".."));
    const output = await succeed("sh", ["verify.sh", "--threads", "2"], folder, stranger);
    expect(output).toContain(found);
    expect(output).not.toContain("The code is not that of the run");
    return folder;
  }
}

async function succeed(program: string, args: readonly string[], cwd: string, given = env): Promise<string> {
  const { code, output } = await outcomeOf(program, args, { cwd, env: given });
  expect(code, output).toBe(0);
  return output;
}

/** The packages of this version are not in a registry yet: their archives take their place. */
function useArchives(made: string, project: string): void {
  const { dependencies } = manifestOf(project);
  writeFileSync(
    join(made, "package.json"),
    JSON.stringify({ ...manifestOf(made), dependencies, devDependencies: {} }, null, 2),
  );
}

interface Listed extends Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Listed {
  const manifest: Listed = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}
