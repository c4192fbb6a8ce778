import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { codeIdentity } from "./code.ts";
import { nearest } from "./nearest.ts";

const checkout = mkdtempSync(join(tmpdir(), "sluice-code-"));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

test("code is what the study imports: own files, sources of the checkout's packages, versions of others", () => {
  write("pnpm-workspace.yaml", "");
  write("experiments/toy/study.ts", 'import { a } from "./part.ts";\nimport "outside";\nimport { study } from "@sluice/study";\nimport fs from "node:fs";');
  write("experiments/toy/part.ts", 'export { b as a } from "@x/cells";');
  write("experiments/toy/unused.ts", "");
  write("packages/cells/package.json", '{ "name": "@x/cells", "dependencies": { "@x/tensor": "workspace:^" } }');
  write("packages/cells/src/index.ts", "export const b = 1;");
  write("packages/cells/src/index.test.ts", "");
  write("packages/tensor/package.json", '{ "name": "@x/tensor" }');
  write("packages/tensor/src/index.ts", "");
  write("node_modules/outside/package.json", '{ "version": "1.2.3" }');
  mkdirSync(join(checkout, "node_modules/@x"));
  for (const name of ["cells", "tensor"]) symlinkSync(join(checkout, "packages", name), join(checkout, "node_modules/@x", name));

  const module = join(checkout, "experiments/toy/study.ts");
  const before = codeIdentity(module);
  expect(Object.keys(before.parts).sort()).toEqual(["experiments/toy/part.ts", "experiments/toy/study.ts", "outside", "packages/cells/src/index.ts", "packages/tensor/src/index.ts"]);
  expect(before.parts["outside"]).toBe("1.2.3");

  write("packages/cells/src/index.test.ts", "changed");
  write("experiments/toy/unused.ts", "changed");
  expect(codeIdentity(module).hash).toBe(before.hash);
  write("packages/tensor/src/index.ts", "changed");
  expect(codeIdentity(module).hash).not.toBe(before.hash);
});

test("the nearest name is a slip of the hand away, or there is none", () => {
  expect(nearest("digts", ["events", "digits", "halves"])).toBe("digits");
  expect(nearest("sedes", ["seeds", "threads"])).toBe("seeds");
  expect(nearest("zebra", ["events", "digits"])).toBeUndefined();
});
