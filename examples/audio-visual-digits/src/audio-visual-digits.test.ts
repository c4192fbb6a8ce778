import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { audioVisualDigits } from "./audio-visual-digits.ts";

const beside = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const folder = [process.env["SLUICE_DATA"], beside].find(
  (one) => one !== undefined && existsSync(join(one, "fsdd/recordings")),
);
beforeAll(() => {
  if (folder !== undefined) vi.stubEnv("SLUICE_DATA", folder);
});
afterAll(() => void vi.unstubAllEnvs());

test.skipIf(folder === undefined)("trains with few examples, where there is a data folder", async () => {
  const names = ["both", "sound missing at test", "image missing at test", "sound alone", "image alone"];
  const found = await audioVisualDigits({ examples: 60, epochs: 1 });
  expect(Object.keys(found)).toEqual(names);
  for (const accuracy of Object.values(found)) {
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(accuracy).toBeLessThanOrEqual(1);
  }
});
