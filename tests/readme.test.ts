// The example of every README and the program of every guide run, and type-check, straight from the sources.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { guides, outcomeOf, programOf, readmes, type Outcome } from "./examples.ts";
import { root } from "./workspace.ts";

const scratch = join(root, "tests", ".examples");

const pages = [
  ...readmes.map(({ name, folder }) => ({ name, file: `${folder}/README.md`, title: `the README of ${name}` })),
  ...guides.map(({ name, file }) => ({ name, file, title: file })),
];

let types: Outcome;

beforeAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  writeFileSync(
    join(scratch, "tsconfig.json"),
    '{ "extends": "../../tsconfig.test.json", "include": ["*.ts"], "exclude": [] }\n',
  );
  writeFileSync(join(scratch, "none.ts"), "export {};\n");
  for (const { name, file } of pages) {
    const example = programOf(file);
    if (example !== undefined) writeFileSync(join(scratch, `${name}.ts`), example);
  }
  types = await outcomeOf(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", scratch], {
    cwd: scratch,
  });
}, 600_000);

describe.each(pages)("$title", ({ name, file }) => {
  test("has an example that runs", { timeout: 600_000 }, async () => {
    expect(programOf(file), `${file} has no \`\`\`ts block`).toBeDefined();
    const { code, output } = await outcomeOf(process.execPath, ["--conditions=@sluice/source", `${name}.ts`], {
      cwd: scratch,
    });
    expect(code, output).toBe(0);
  });

  test("has an example that type-checks", () => {
    expect(programOf(file)).toBeDefined();
    expect(types.output).not.toMatch(/^error /m);
    expect(types.output.split("\n").filter((line) => line.startsWith(`${name}.ts`))).toEqual([]);
  });
});
