import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("a thousand clients of one compiled stream fit 300 MB, the process and all", { timeout: 600_000 }, async () => {
  const child = fileURLToPath(new URL("./thousand-clients.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@sluice/source", child]);
  const { clients, steps, megabytes } = JSON.parse(stdout);
  expect({ clients, steps }).toEqual({ clients: 1000, steps: 3000 });
  expect(megabytes).toBeLessThan(300);
});
