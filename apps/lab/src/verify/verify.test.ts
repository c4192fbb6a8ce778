// What `sluice verify` says of two runs, of which one was made to differ from the other in one way.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderStore } from "@sluice/runner";
import { inProcess, planRun, runStudy, type RunPlanOptions, type Settings } from "@sluice/study";
import { afterAll, beforeAll, expect, test } from "vitest";
import study from "../../fixtures/noisy.ts";
import { addVerify } from "../commands/verify.ts";
import { commandHere } from "../../fixtures/command-here.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-verify-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const verify = commandHere(scratch, addVerify);
const module = fileURLToPath(new URL("../../fixtures/noisy.ts", import.meta.url));

/** Runs the study into a folder, in this process. */
async function ran(name: string, settings: Settings = {}, others: Partial<RunPlanOptions> = {}): Promise<void> {
  const asked = Object.keys(settings).length === 0 ? {} : { asked: { settings } };
  const store = folderStore(join(scratch, name));
  await runStudy(await planRun(study, { store, executor: inProcess(), ...asked, ...others }));
}

beforeAll(async () => {
  await ran("first");
  await ran("same");
  await ran("last-bit", { lastBit: true });
  await ran("near", { scale: 1 + 1e-7 });
  await ran("other-seeds", { salt: 1 });
  await ran("other-setting", { level: 3 });
  await ran("part", {}, { seeds: 2 });
}, 60_000);

/** Output without the names of the scratch folder. */
async function against(name: string, ...more: string[]) {
  const { code, stdout, stderr } = await verify("first", "--against", name, ...more);
  return { code, stdout: stdout.replaceAll(`${scratch}/`, ""), stderr };
}

test("each verdict, with the first step that differs and the setting behind it", async () => {
  const [same, lastBit, near, seeds, setting] = await Promise.all(
    ["same", "last-bit", "near", "other-seeds", "other-setting"].map((name) => against(name)),
  );
  expect(same).toMatchObject({
    code: 0,
    stdout: "12 trials of first beside those of same. Nothing runs.\n\n12 bitwise the same\n",
  });
  expect(lastBit?.stdout).toMatch(
    /^walk +plain seed 0 +within tolerance +step 3, value: (\d\.\d{16}) and (?!\1)\d\.\d{16}$/m,
  );
  expect(lastBit?.stdout).toContain("\nSettings, code, data: lastBit false → true\n\n12 within tolerance\n");
  expect(near?.stdout).toMatch(/^walk +plain seed 0 +within tolerance +step 1, value: /m);
  expect(near?.stdout).toContain("\n12 within tolerance\n");
  expect(seeds?.stdout).toContain("\nSettings, code, data: salt 0 → 1\n\n12 statistically the same\n");
  expect(setting?.stdout).toMatch(/^walk +plain seed 0 +different +step 1, value: /m);
  expect(setting?.stdout).toContain("\nSettings, code, data: level 1 → 3\n\n12 different\n");
  expect([lastBit, near, seeds, setting].map((told) => told?.code)).toEqual([0, 0, 0, 1]);
});

test("some trials, those that are not there, and what cannot be compared", async () => {
  const [part, json, elsewhere, both, none] = await Promise.all([
    against("part"),
    against("other-setting", "--trials", "3", "--json"),
    verify("first", "--against", "nowhere"),
    verify("first", "--against", "same", "--threads", "2", "--data", "x"),
    verify("first", "--in", "opera"),
  ]);
  expect(part.code).toBe(0);
  expect(part.stdout).toContain(
    "2 trials of first beside those of part. Nothing runs.\nNot finished there: walk / plain seed 2; ",
  );
  expect(part.stdout).toContain("\n2 bitwise the same\n");
  expect(JSON.parse(json.stdout)).toHaveLength(3);
  expect(JSON.parse(json.stdout)[0]).toMatchObject({
    agreement: "different",
    metrics: ["value"],
    differences: { settings: [{ name: "level", first: 1, second: 3 }] },
    environment: [],
  });
  expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining("nowhere: no such runs folder")]);
  expect([both.code, both.stderr]).toEqual([
    2,
    "verify: --against runs nothing, so --data, --threads has no meaning with it; leave it out\n",
  ]);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("expected chromium, firefox, or the path")]);
});

test("the folder of another machine: its module and data are elsewhere here", async () => {
  const points = { module: "/home/ada/noisy/study.ts", seeds: 1 };
  await ran("ada", {}, points);
  const [lost, found] = await Promise.all([verify("ada"), verify("ada", "--study", module, "--data", scratch)]);
  expect([lost.code, lost.stderr]).toEqual([
    2,
    "the module of the study, /home/ada/noisy/study.ts, is not on this machine. Give it with --study <path of study.ts>.\n",
  ]);
  expect(found.code).toBe(0);
  expect(found.stdout).toContain("The code is not that of the run.");
  expect(found.stdout).toContain("Where they ran: runtime an unnamed JavaScript engine → Node ");
  expect(found.stdout).toContain("\n1 bitwise the same\n");
});
