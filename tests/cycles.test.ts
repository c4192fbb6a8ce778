// No module needs itself when it is loaded: imports of values make no circle. Types may, for they are gone by then, and
// so may what is imported later, by `import()`.
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import * as esbuild from "esbuild";
import { expect, test } from "vitest";
import { circles } from "./circles.ts";
import { root } from "./workspace.ts";

test("circles are found, each once, with the modules in it", () => {
  const imports = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: [], f: ["f"] };
  expect(circles(new Map(Object.entries(imports)))).toEqual([["a", "b", "c"], ["f"]]);
});

test("the sources import no values in a circle", async () => {
  const files = globSync("{packages,apps,examples,tools}/*/{src,fixtures}/**/*.ts", { cwd: root })
    .concat(globSync("{experiments,bench}/**/*.ts", { cwd: root }))
    .filter((file) => !/node_modules|\.test(-d)?\.ts$|\.d\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(300);
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    // One bundle of all: one each would hold everything below again.
    stdin: { contents: files.map((file) => `import "./${file}";\n`).join(""), resolveDir: root },
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    conditions: ["@sluice/source"],
    plugins: [{ name: "elsewhere", setup: external }],
    logLevel: "silent",
  });
  const imports = new Map(
    Object.entries(metafile.inputs).map(([file, input]) => [
      relative(root, join(root, file)),
      input.imports
        .filter(({ kind, external }) => kind === "import-statement" && external !== true)
        .map(({ path }) => path),
    ]),
  );
  expect(imports.get("packages/cells/src/index.ts")?.length).toBeGreaterThan(0);
  expect(circles(imports)).toEqual([]);
});

/** Packages of others are not followed: they import nothing of ours. */
function external({ onResolve }: esbuild.PluginBuild): void {
  onResolve({ filter: /^[^./]/ }, ({ path }) => (path.startsWith("@sluice/") ? undefined : { path, external: true }));
}
