// A trial in a page has the bits of the same trial in Node.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  areSame,
  compareRuns,
  inProcess,
  memoryStore,
  planRun,
  runStudy,
  type RunPlanOptions,
  type Store,
  type TrialRecord,
} from "@sluice/study";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import study, { points } from "../../fixtures/paged.ts";
import { browserPages } from "./browser-pages.ts";
import { bundleStudy } from "./bundle-study.ts";
import { chromium, firefox } from "./installed.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-pages-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}.ts`, import.meta.url));

/** The records by variant. */
async function ran(
  store: Store,
  options: Partial<RunPlanOptions> & { readonly variants: readonly string[] },
): Promise<ReadonlyMap<string, TrialRecord>> {
  const { variants, executor = inProcess(), ...others } = options;
  const plan = await planRun(study, { store, executor, asked: { variants }, dataFolder: scratch, ...others });
  const { records } = await runStudy(plan);
  return new Map(records.map((record) => [record.variant, record]));
}

const endsOf = (records: ReadonlyMap<string, TrialRecord>): (readonly [string, string])[] =>
  [...records].map(([name, { status, reason }]) => [name, reason === undefined ? status : `${status}: ${reason}`]);

const inNode = memoryStore();
beforeAll(async () => {
  writeFileSync(join(scratch, "points.csv"), points);
  const records = await ran(inNode, { variants: ["everything"] });
  expect(endsOf(records)).toEqual([["everything", "done"]]);
});

describe.each([chromium, firefox])("$name", (browser) => {
  beforeEach(({ skip }) => skip(browser.path === undefined, browser.absent));

  // Each browser takes seconds to start. What Firefox does without shared memory: npm run test:long.
  const cases = browser === chromium || inject("long") ? [true, false] : [true];
  test.each(cases)("runs a trial with the bits of Node; cross-origin isolated: %s", async (isolated) => {
    const store = memoryStore();
    const executor = await browserPages({ module: fixture("paged"), browser, isolated });
    const records = await ran(store, { executor, variants: ["everything"], threads: 2 });
    expect(endsOf(records)).toEqual([["everything", "done"]]);
    const { pairs } = await compareRuns(inNode, store);
    expect(pairs.map(areSame)).toEqual([true]);
    expect(pairs[0]?.environment.find(({ name }) => name === "runtime")?.second).toMatch(`${browser.name} `);
  });
});

describe("in Chromium", () => {
  beforeEach(({ skip }) => skip(chromium.path === undefined, chromium.absent));

  test("a trial that throws, or reads elsewhere, is failed, with the reason", async () => {
    const executor = await browserPages({ module: fixture("paged"), browser: chromium });
    const dataFolder = mkdtempSync(join(scratch, "empty-"));
    const variants = ["throwing", "everything"];
    const records = await ran(memoryStore(), { executor, variants, dataFolder, cores: 2 });
    expect(Object.fromEntries(endsOf(records))).toEqual({
      throwing: "failed: the trial broke a promise",
      everything: expect.stringMatching(
        /^failed: points: .*points\.csv: cannot be read \(ENOENT.* It is part of the test\./,
      ),
    });
  });

  test("a trial that takes longer than its limit is failed", async () => {
    const executor = await browserPages({ module: fixture("paged"), browser: chromium });
    const records = await ran(memoryStore(), { executor, variants: ["endless"], limit: 1 });
    expect(endsOf(records)).toEqual([["endless", "failed: it took longer than its limit of 1 s"]]);
  });

  test("a trial that is stopped is interrupted, and its browser ends", async () => {
    const stop = new AbortController();
    const executor = await browserPages({ module: fixture("paged"), browser: chromium });
    const plan = await planRun(study, { store: memoryStore(), executor, asked: { variants: ["endless"] } });
    const { records, interrupted } = await runStudy(plan, {
      signal: stop.signal,
      onEvent: ({ kind }) => kind === "progress" && stop.abort(),
    });
    expect([interrupted, ...records.map(({ status }) => status)]).toEqual([true, "interrupted"]);
  });
});

describe("a study that needs Node", () => {
  test("is refused with the imports that lead there, before anything starts", async () => {
    await expect(bundleStudy(fixture("line"))).rejects.toThrow(
      /line\.ts cannot run in a page, which has no modules of Node: line\.ts → fit\.ts imports node:timers\/promises\. Read data/,
    );
  });

  test("may import what it does not use, and load what it never reaches", async () => {
    const module = join(scratch, "unused.ts");
    const lines = [
      'import { readFileSync } from "node:fs";',
      'import type { Stats } from "node:fs";',
      'const unused = (): string => readFileSync("x", "utf8");',
      'export default { kind: "study", trial: async () => (0 > 1 ? import("node:os") : ({} as Stats)) };',
    ];
    writeFileSync(module, lines.join("\n"));
    expect(await bundleStudy(module)).toContain("runInPage");
    writeFileSync(module, "import './nowhere.ts';");
    await expect(bundleStudy(module)).rejects.toThrow(/unused\.ts cannot be bundled for a page: .*nowhere\.ts/s);
  });
});
