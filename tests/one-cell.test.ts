// A page that imports one cell gets one cell.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { expect, test } from "vitest";

/** What a page gets that runs `code`, as text. */
async function bundleOf(code: string): Promise<string> {
  const { outputFiles, warnings } = await esbuild.build({
    stdin: { contents: code, resolveDir: dirname(fileURLToPath(import.meta.url)) },
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    conditions: ["@sluice/source"],
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  return outputFiles.map(({ text }) => text).join("\n");
}

/** The cells in a bundle, by the names that their definitions give them. */
const cellsIn = (text: string): string[] =>
  ["rnn", "gru", "lstm", "minGru"].filter((name) => text.includes(`name: "${name}"`));

test.each(["@sluice/cells/gated", "@sluice/cells"])(
  "one cell of %s comes alone",
  { timeout: 600_000 },
  async (module) => {
    for (const cell of ["gru", "lstm"])
      expect(cellsIn(await bundleOf(`import { ${cell} } from "${module}"; console.log(${cell});`))).toEqual([cell]);
  },
);

test("a linear cell comes without gated ones", { timeout: 600_000 }, async () => {
  const text = await bundleOf('import { minGru } from "@sluice/cells/linear"; console.log(minGru);');
  expect(cellsIn(text)).toEqual(["minGru"]);
});

test("all cells come where all are used", { timeout: 600_000 }, async () => {
  const text = await bundleOf('import { gru, lstm, rnn } from "@sluice/cells/gated"; console.log(gru, lstm, rnn);');
  expect(cellsIn(text)).toEqual(["rnn", "gru", "lstm"]);
});

test(
  "the associative scan comes with a cell that is defined by it, not with a loop",
  { timeout: 600_000 },
  async () => {
    const scans = async (code: string): Promise<boolean> => (await bundleOf(code)).includes("function associativeScan");
    expect(await scans('import { gru, sequence } from "@sluice/cells"; console.log(gru, sequence);')).toBe(false);
    expect(await scans('import { minGru, sequence } from "@sluice/cells"; console.log(minGru, sequence);')).toBe(true);
  },
);
