// What the command loads before it does anything: the cells, and what trains them, belong to the study's process.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

test("the command starts without cells and training", { timeout: 60_000 }, async () => {
  const told = `data:text/javascript,${encodeURIComponent(`
    import module from "node:module";
    const names = new Set();
    module.registerHooks({ load(url, context, next) {
      const found = /\\/(?:packages|apps)\\/([^/]+)\\/src\\//.exec(url);
      if (found) names.add(found[1]);
      return next(url, context);
    } });
    process.on("exit", () => console.error(JSON.stringify([...names].sort())));`)}`;
  const { stderr } = await promisify(execFile)(process.execPath, [
    "--no-warnings",
    "--import",
    told,
    "--conditions=@sluice/source",
    main,
    "--version",
  ]);
  expect(JSON.parse(stderr)).toEqual(["figures", "formats", "lab", "runner", "study", "tensor"]);
});
