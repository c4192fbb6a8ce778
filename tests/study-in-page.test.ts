// The study package loads where there is no Node: bundled for a browser it imports nothing of Node's, and runs a study
// in memory.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import * as esbuild from "esbuild";
import { afterAll, expect, test } from "vitest";
import { root } from "./workspace.ts";

const scratch = mkdtempSync(join(root, "tests", ".study-in-page-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const page = `
import { inProcess, memoryStore, planRun, runStudy, study } from "@sluice/study";

const descent = study({
  name: "descent",
  question: "Does a larger rate find the minimum of x² in fewer steps?",
  settings: { rate: 0.1 },
  tasks: { parabola: {} },
  variants: { slow: {}, fast: { rate: 0.4 } },
  seeds: 3,
  metrics: { distance: { label: "Distance", better: "lower" } },
  async trial({ config, metric }) {
    let x = 1;
    for (let step = 1; step <= 10; step += 1) {
      x -= config.rate * 2 * x;
      metric({ step, distance: Math.abs(x) });
    }
  },
});

const store = memoryStore();
const run = await planRun(descent, { store, executor: inProcess() });
const { records, problems } = await runStudy(run);
globalThis.finished({ statuses: records.map(({ status }) => status), problems, report: store.report() });
`;

test("a study runs from a bundle for browsers, in this process and in memory", async () => {
  const entry = join(scratch, "page.ts");
  writeFileSync(entry, page);
  const { outputFiles, warnings } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    conditions: ["@sluice/source"],
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  const text = outputFiles.map((file) => file.text).join("\n");
  expect(text.match(/["'`]node:[a-z/_]+["'`]/g)).toBeNull();

  // What a page has of these, and neither process nor require.
  const outcome = await new Promise((finished, failed) => {
    const browser = {
      finished,
      AbortController,
      performance,
      setTimeout,
      clearTimeout,
      structuredClone,
      TextEncoder,
      console,
    };
    runInNewContext(`(async () => {${text}\n})()`, browser).catch(failed);
  });
  expect(outcome).toMatchObject({
    statuses: Array(6).fill("done"),
    problems: [],
    report: expect.stringContaining("Does a larger rate find the minimum"),
  });
});
