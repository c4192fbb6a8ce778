// `npm run ts`: what a newcomer does with the README's example.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleOf, outcomeOf } from "./examples.ts";
import { npmName, packageNames, readJson, root } from "./workspace.ts";

const command = join(root, "scripts", "ts.js");
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "sluice-ts-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("runs the README's example from a folder that has no packages", { timeout: 600_000 }, async () => {
  writeFileSync(join(folder, "janet.ts"), exampleOf(".") ?? "");
  const env = { ...process.env, INIT_CWD: folder };
  const { code, output } = await outcomeOf(process.execPath, [command, "janet.ts"], { cwd: root, env });
  expect(code, output).toBe(0);
  const [, printed] = /console\.log\(.*\); \/\/ (\d+ \d+\.\d+)$/m.exec(exampleOf(".") ?? "") ?? [];
  expect(output.trim().split("\n").at(-1)).toBe(printed);
});

test(
  "finds every package's types in playground/, and the types of the README's example",
  { timeout: 600_000 },
  async () => {
    const own = mkdtempSync(join(root, "playground", "test-"));
    try {
      writeFileSync(join(own, "tsconfig.json"), '{ "extends": "../tsconfig.json", "include": ["*.ts"] }\n');
      writeFileSync(join(own, "janet.ts"), exampleOf(".") ?? "");
      const entries = packageNames.flatMap((name) => {
        const { exports } = readJson<{ exports: object }>("packages", name, "package.json");
        // The worker is a file to be served, not a module with names.
        const paths = Object.keys(exports).filter((path) => path !== "./package.json" && path !== "./worker");
        return paths.map((path) => `${npmName(name)}${path.slice(1)}`);
      });
      writeFileSync(join(own, "all.ts"), entries.map((entry, i) => `export * as e${i} from "${entry}";\n`).join(""));
      writeFileSync(
        join(own, "wrong.ts"),
        'import { key } from "@sluice/tensor";\nexport const seed: string = key(1);\n',
      );
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const { output } = await outcomeOf(process.execPath, [tsc, "-p", own], { cwd: own });
      expect(output.trim().split("\n")).toEqual([expect.stringMatching(/^wrong\.ts\(2,14\): error TS2322/)]);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  },
);

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
