// `npm run ts`: what a newcomer does with the README's example.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleOf, outcomeOf } from "./examples.ts";
import { root } from "./workspace.ts";

const command = join(root, "scripts", "ts.js");
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "sluice-ts-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("runs the README's example from a folder that has no packages", { timeout: 600_000 }, async () => {
  writeFileSync(join(folder, "janet.ts"), exampleOf(".") ?? "");
  const env = { ...process.env, INIT_CWD: folder };
  const { code, output } = await outcomeOf(process.execPath, [command, "janet.ts"], { cwd: root, env });
  expect(code, output).toBe(0);
  expect(output).toMatch(/^\d+\.\d+ \d+\.\d+$/m);
});

test("names a package that is not there, and asks for a file", { timeout: 600_000 }, async () => {
  writeFileSync(join(folder, "missing.ts"), 'import "@sluice/nothing";\n');
  const env = { ...process.env, INIT_CWD: folder };
  const missing = await outcomeOf(process.execPath, [command, "missing.ts"], { cwd: root, env });
  expect(missing.code).not.toBe(0);
  expect(missing.output).toContain("@sluice/nothing");
  const none = await outcomeOf(process.execPath, [command], { cwd: root });
  expect(none.code).toBe(1);
  expect(none.output).toContain("npm run ts -- my-cell.ts");
});
