import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { codeIdentity, unchanged } from "./identity.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "sluice-code-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(scratch, "case-"));
  write("pnpm-workspace.yaml", "");
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

const identity = () => codeIdentity(join(checkout, "experiments/toy/study.ts"));

test("code is what the study imports: own files, files of the checkout's packages, versions of installed ones and of what they depend on", () => {
  write(
    "experiments/toy/study.ts",
    'import { a } from "./part.ts";\nimport "outside";\nimport { study } from "@sluice/study";\nimport fs from "node:fs";',
  );
  write("experiments/toy/part.ts", 'export { b as a } from "@x/cells";');
  write("experiments/toy/unused.ts", "");
  write(
    "packages/cells/package.json",
    '{ "name": "@x/cells", "exports": { ".": { "never": "./src/unused.ts", "default": "./src/index.ts" } } }',
  );
  write("packages/cells/src/index.ts", 'import "@x/tensor/deep"; export const b = 1;');
  write("packages/cells/src/unused.ts", "");
  write("packages/tensor/package.json", '{ "name": "@x/tensor", "exports": { "./*": "./src/*.ts" } }');
  write("packages/tensor/src/deep.ts", "");
  write(
    "node_modules/outside/package.json",
    '{ "name": "outside", "version": "1.2.3", "main": "index.js", "dependencies": { "further": "*" } }',
  );
  write("node_modules/outside/index.js", "");
  write("node_modules/further/package.json", '{ "name": "further", "version": "2.0.0" }');
  mkdirSync(join(checkout, "node_modules/@x"));
  for (const name of ["cells", "tensor"])
    symlinkSync(join(checkout, "packages", name), join(checkout, "node_modules/@x", name));

  const before = identity();
  expect(Object.keys(before.parts).sort()).toEqual([
    "@sluice/study",
    "experiments/toy/part.ts",
    "experiments/toy/study.ts",
    "further@2.0.0",
    "outside@1.2.3",
    "packages/cells/src/index.ts",
    "packages/tensor/src/deep.ts",
  ]);
  expect(before.unresolved).toEqual([]);

  write("packages/cells/src/unused.ts", "changed");
  write("experiments/toy/unused.ts", "changed");
  expect(identity().hash).toBe(before.hash);
  write("packages/tensor/src/deep.ts", "changed");
  const changed = identity();
  expect(changed.hash).not.toBe(before.hash);
  write("node_modules/further/package.json", '{ "name": "further", "version": "2.0.1" }');
  expect(identity().hash).not.toBe(changed.hash);
});

test.each<[string, string, string?]>([
  ["an import", 'import "./part.ts";'],
  ["a re-export", 'export * from "./part.ts";'],
  ["a dynamic import", 'await import("./part.ts");'],
  ["a template", "await import(`./part.ts`);"],
  ["a template with a constant in it", 'const name = "part"; await import(`./${name}.ts`);'],
  ["a sum of strings", 'await import("./pa" + "rt.ts");'],
  ["either branch of a condition", 'await import(process.argv[2] === "x" ? "./other.ts" : "./part.ts");'],
  ["a query", 'import "./part.ts?seed=1#x";'],
  ["percent-encoding", 'import "./a%20part.ts";', "experiments/toy/a part.ts"],
  ["an absolute path", 'import "<checkout>/experiments/toy/part.ts";'],
  ["a file URL", 'import "<url>/experiments/toy/part.ts";'],
  ["an alias of the package.json", 'import "#part";'],
  [
    "createRequire",
    'import { createRequire as make } from "node:module"; const load = make(import.meta.url); load("./part.cjs");',
    "experiments/toy/part.cjs",
  ],
  [
    "createRequire at once",
    'import module from "node:module"; module.createRequire(import.meta.url)("./part.cjs");',
    "experiments/toy/part.cjs",
  ],
  ["require in CommonJS", 'import "./common.cjs";', "experiments/toy/part.cjs"],
  ["a worker's URL", 'new Worker(new URL("./part.ts", import.meta.url));'],
  ["import.meta.resolve", 'import.meta.resolve("./part.ts");'],
  ["data beside the code", 'import data from "./part.json" with { type: "json" };', "experiments/toy/part.json"],
])("%s is followed", (_, text, path = "experiments/toy/part.ts") => {
  write("experiments/package.json", '{ "name": "toys", "type": "module", "imports": { "#part": "./toy/part.ts" } }');
  write("experiments/toy/common.cjs", 'require("./part.cjs");');
  write(
    "experiments/toy/study.ts",
    text.replace("<checkout>", checkout).replace("<url>", pathToFileURL(checkout).href),
  );
  write(path, "1");
  const before = identity();
  expect(before.parts).toHaveProperty([path]);
  expect(before.unresolved).toEqual([]);
  write(path, "2");
  expect(identity().hash).not.toBe(before.hash);
});

describe("what counts of a file", () => {
  const hashOf = (text: string): string => {
    write("experiments/toy/study.ts", text);
    return identity().hash;
  };
  const plain = 'const rate: number = 0.5;\nexport default rate * f("a");';

  test.each([
    ["a comment", '/** Doc. */ const rate: number = 0.5; // note\nexport default rate * f("a");'],
    ["a type", 'interface Unused {}\nconst rate = 0.5 as const;\nexport default rate * f<string>("a");'],
    [
      "the import of a type",
      'import type { T } from "./part.ts";\nconst rate: T = 0.5;\nexport default rate * f("a");',
    ],
    ["layout and quotes", "const   rate = 0.5\nexport default (\n  rate * f('a')\n)"],
  ])("not %s", (_, text) => {
    expect(hashOf(text)).toBe(hashOf(plain));
  });

  test.each([
    ["a number", plain.replace("0.5", "0.25")],
    ["a string", plain.replace('"a"', '"b"')],
    ["a template as written", plain.replace('"a"', "String.raw`\\u0061`")],
    ["an operator", plain.replace("*", "/")],
    ["a number beyond all numbers", plain.replace("0.5", "1e999")],
    ["an expression of its own", `${plain}\nglobalThis.x = 1;`],
  ])("%s", (_, text) => {
    expect(hashOf(text)).not.toBe(hashOf(plain));
  });

  test("which of its imports lead where", () => {
    const aliases = (x: string, y: string): void =>
      write(
        "experiments/package.json",
        `{ "name": "toys", "imports": { "#x": "./toy/${x}.ts", "#y": "./toy/${y}.ts" } }`,
      );
    write("experiments/toy/a.ts", "export default 1;");
    write("experiments/toy/b.ts", "export default 2;");
    aliases("a", "b");
    const before = hashOf('import x from "#x"; import y from "#y"; export default x - y;');
    aliases("b", "a");
    expect(identity().hash).not.toBe(before);
  });
});

test.each([
  ["an import by a variable", "export const load = (name) => import(name);", "known only when it runs: import(name)"],
  ["a template with a parameter", "export const load = (name) => import(`./${name}.ts`);", "known only when it runs"],
  [
    "a parameter that is called like a constant",
    'const name = "./part.ts"; export const load = (name) => import(name);',
    "known only when it runs",
  ],
  [
    "a require that is handed on",
    'import { createRequire } from "node:module"; const load = createRequire(import.meta.url); other(load);',
    "handed on: load",
  ],
  [
    "a require of another place",
    'import { createRequire } from "node:module"; createRequire(somewhere)("./part.cjs");',
    "another place",
  ],
  ["a folder", 'new URL("../toy/", import.meta.url);', "is a folder"],
  ["code of another site", 'import "https://example.org/code.js";', "is not a file"],
  ["what is not code", "const = ;", "it cannot be read"],
])("%s is told, and is part of the identity", (_, text, told) => {
  write("experiments/toy/study.ts", text);
  const { unresolved, hash } = identity();
  expect(unresolved).toEqual([expect.stringContaining(told)]);
  expect(unresolved[0]).toMatch(/^experiments\/toy\/study\.ts: /);
  write("experiments/toy/study.ts", "");
  expect(identity().hash).not.toBe(hash);
});

test("a comment, a string and a folder are no imports", () => {
  mkdirSync(join(checkout, "experiments/toy/folder"), { recursive: true });
  write(
    "experiments/toy/study.ts",
    '// import "./gone.ts"; import("./folder")\nexport default \'import x from "./gone.ts"\'; import.meta.resolve("./folder");',
  );
  expect(Object.keys(identity().parts).sort()).toEqual(["@sluice/study", "experiments/toy/study.ts"]);
});

test.each([
  "export const find = (name) => import.meta.resolve(name);",
  'import { createRequire } from "node:module"; export const find = (name) => createRequire(import.meta.url).resolve(name);',
])("a file that is only found is not told, until it is loaded: %s", (find) => {
  write("experiments/toy/study.ts", find);
  expect(identity().unresolved).toEqual([]);
  write("experiments/toy/study.ts", `${find} export const load = (name) => import(find(name));`);
  expect(identity().unresolved).toEqual([expect.stringContaining("known only when it runs: import(find(name))")]);
});

test("an edit of any file that was read is noticed", () => {
  write("experiments/toy/study.ts", 'import "./part.ts";');
  write("experiments/toy/part.ts", "1");
  const found = identity();
  expect(unchanged(found)).toBe(true);
  write("experiments/toy/part.ts", "1 // but how");
  expect(unchanged(found)).toBe(false);
  expect(identity().hash).toBe(found.hash);
});
