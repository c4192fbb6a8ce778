import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
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

// Not in this process: here the errors are those of the test runner's own loader.
test.each([
  ["JavaScript", "mjs"],
  ["TypeScript", "mts"],
])("%s that cannot be parsed is told with its file and line, also where it is imported", async (_, type) => {
  const module = (name: string, text: string): string => {
    const path = join(scratch, `${name}.${type}`);
    writeFileSync(path, text);
    return path;
  };
  const broken = module("broken", "const a = 1;\nexport default {,};");
  const part = module("part", "\n\nexport const a = ;");
  const whole = module("whole", `import { a } from "./part.${type}";\nexport default a;`);
  const load = fileURLToPath(new URL("load.ts", import.meta.url));
  const text = `import { loadStudy } from ${JSON.stringify(load)}; for (const path of ${JSON.stringify([broken, whole])}) await loadStudy(path).catch(({ message }) => console.log(message));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions=@sluice/source", "--disable-warning=ExperimentalWarning"],
    ...["--input-type=module", "-e", text],
  ]);
  const [first, second] = stdout.trim().split("\n");
  expect(first).toMatch(`${broken}: the module cannot be loaded: `);
  expect(first).toMatch(`(${broken}, line 2)`);
  expect(second).toMatch(`${whole}: the module cannot be loaded: `);
  expect(second).toMatch(`(${part}, line 3)`);
});
