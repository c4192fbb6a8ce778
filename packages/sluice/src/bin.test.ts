import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

// A copy outside the workspace, which has the lab.
const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-bin-")));
const bin = join(folder, "bin.ts");
copyFileSync(fileURLToPath(new URL("./bin.ts", import.meta.url)), bin);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sluice = (...args: string[]) =>
  spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_PATH: "" },
  });

test("without the lab, the command says how to get it", () => {
  const { status, stderr } = sluice("run", "digits");
  expect(stderr).toContain("Run npm install @sluice/lab, then run this command again.");
  expect(status).toBe(1);
});

test("with the lab, the command is the lab's, arguments and exit code too", () => {
  const lab = join(folder, "node_modules/@sluice/lab");
  mkdirSync(lab, { recursive: true });
  writeFileSync(
    join(lab, "package.json"),
    '{ "name": "@sluice/lab", "type": "module", "bin": { "sluice": "./main.js" } }',
  );
  writeFileSync(join(lab, "main.js"), "console.log(process.argv.slice(1).join(' ')); process.exitCode = 3;");
  const { status, stdout } = sluice("run", "digits");
  expect(stdout).toBe(`${join(lab, "main.js")} run digits\n`);
  expect(status).toBe(3);
});
