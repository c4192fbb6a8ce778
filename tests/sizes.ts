// node --conditions=@sluice/source tests/sizes.ts           what a page loads of each package, beside its budget
// node --conditions=@sluice/source tests/sizes.ts --check   the same, and fails where a budget is exceeded
// node --conditions=@sluice/source tests/sizes.ts --write   makes new budgets: what there is now, and a fifth more
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { npmName, packageNames, root } from "./workspace.ts";

const budgetsFile = join(root, "tests", "size-budgets.json");

/** Imports with a size budget, besides whole packages: a bundler should leave out the parts that they do not need. */
const imports: Readonly<Record<string, string>> = {
  "one cell": `export { gru, sequence } from "@sluice/cells";`,
  "a trained cell on wasm": `export { gru, sequence } from "@sluice/cells"; export { adam, trainer } from "@sluice/train"; export { wasm } from "@sluice/wasm";`,
};

/** Kilobytes (of 1,000 bytes) that an import takes, minified and compressed as a server sends it. */
async function kilobytes(contents: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: join(root, "tests"), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    conditions: ["@sluice/source"],
    external: [...external],
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000;
}

/** For each package only its own code; for each of `imports` everything that it loads. */
async function sizes(): Promise<Readonly<Record<string, number>>> {
  const own = packageNames.map(
    async (name) =>
      [
        npmName(name),
        await kilobytes(`export * from "./../packages/${name}/src/index.ts";`, [
          "@sluice/*",
          "*gpu.js",
          "mnist",
          "csv-parse",
          "zod",
          "acorn",
          "resolve.exports",
          "esbuild",
          "bullmq",
          "ioredis",
        ]),
      ] as const,
  );
  const whole = Object.entries(imports).map(
    async ([name, contents]) => [name, await kilobytes(contents, ["node:*"])] as const,
  );
  return Object.fromEntries(await Promise.all([...own, ...whole]));
}

const option = process.argv[2];
const found = await sizes();
const budgets: Readonly<Record<string, number>> = JSON.parse(readFileSync(budgetsFile, "utf8"));
if (option === "--write") {
  const next = Object.fromEntries(Object.entries(found).map(([name, size]) => [name, Math.ceil(size * 1.2)]));
  writeFileSync(budgetsFile, `${JSON.stringify(next, null, 2)}\n`);
}
const problems: string[] = [];
for (const [name, size] of Object.entries(found)) {
  const budget = budgets[name];
  if (option === undefined || option === "--write")
    console.log(`${name}: ${size.toFixed(1)} kB, budget ${budget ?? "none"}`);
  if (budget === undefined) problems.push(`${name} has no budget`);
  else if (size > budget) problems.push(`${name} takes ${size.toFixed(1)} kB, and its budget is ${budget} kB`);
}
for (const name of Object.keys(budgets)) if (!(name in found)) problems.push(`there is no ${name} any more`);
if (option === "--check" && problems.length > 0) {
  console.error(
    `${problems.join("\n")}\nIf that is intended, pnpm sizes --write sets new budgets in tests/size-budgets.json.`,
  );
  process.exitCode = 1;
}
