import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadStudy } from "./load.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-load-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("a module that is no study, is missing or cannot be parsed is named", async () => {
  const module = (name: string, text: string): string => {
    writeFileSync(join(scratch, name), text);
    return join(scratch, name);
  };
  await expect(loadStudy(module("three.mjs", "export default 3;"))).rejects.toThrow(
    "three.mjs: the module's default export is not a study",
  );
  await expect(loadStudy(join(scratch, "none.mjs"))).rejects.toThrow("none.mjs: there is no such file");
  await expect(loadStudy(module("broken.mjs", "export default {,};"))).rejects.toThrow(
    "broken.mjs: the module cannot be loaded: ",
  );
});
