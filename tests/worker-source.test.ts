import { join } from "node:path";
import * as esbuild from "esbuild";
import { expect, test } from "vitest";
import { root } from "./workspace.ts";

/*
 * A worker's code is kept as a text, so that there is no file to find. Its source is typed like any other. After a
 * change, `vitest -u` writes the text.
 */
test("the text of the workers is what their modules give", async () => {
  const threads = join(root, "packages/wasm/src/threads");
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(threads, "worker/main.ts")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
  });
  const text = outputFiles[0]?.text ?? "";
  // Nothing is left to import, and nothing of the page.
  expect(text).not.toMatch(/\bimport\b|\brequire\b|\bdocument\b/);
  await expect(`/** The code of a worker, written by tests/worker-source.test.ts from worker/main.ts. */
export const roles =
  ${JSON.stringify(text)};
`).toMatchFileSnapshot(join(threads, "roles-source.ts"));
});
