import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, inject, test } from "vitest";
import { prepareRun } from "./prepare.ts";
import { runStudy } from "@sluice/study";

const scratch = mkdtempSync(join(tmpdir(), "sluice-large-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test(`a trial of ${inject("long") ? "1,000,000" : "50,000"} rows and a series of 130,000 points has a small report that keeps the extremes`, async () => {
  const module = fileURLToPath(new URL("../fixtures/many-rows.ts", import.meta.url));
  const run = await prepareRun({
    module,
    budget: inject("long") ? "full" : "quick",
    out: join(scratch, "runs"),
    threads: 1,
    jobs: 1,
  });
  const { records, report } = await runStudy(run);
  expect(records.map(({ status, reason }) => ({ status, reason }))).toEqual([{ status: "done", reason: undefined }]);
  expect(records[0]?.metrics).toEqual({ loss: -17, peak: 41 });
  expect(statSync(report).size).toBeLessThan(200_000);
  const page = readFileSync(report, "utf8");
  expect(page).toContain("Training curves");
  // The axes reach to the extremes: 41 and -17 of the curves, 23 of the series.
  expect(page).toMatch(/>40<\/text>/);
  expect(page).toMatch(/>−20<\/text>/);
  expect(page).toMatch(/>25<\/text>/);
});
