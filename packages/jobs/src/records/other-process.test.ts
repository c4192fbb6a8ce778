// A study of records as `sluice run` runs it, with a process per trial, and its models in yet another process.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { prepareRun } from "@sluice/runner";
import { runStudy } from "@sluice/study";
import { valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import ward from "../../fixtures/ward.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

test("a model that one process has trained predicts the same bits in another", async () => {
  const out = await mkdtemp(join(tmpdir(), "sluice-ward-"));
  try {
    const run = await prepareRun({ module: path("fixtures/ward.ts"), out, jobs: 1 });
    const { records } = await runStudy(run);
    expect(records.map(({ status, reason }) => [status, reason])).toEqual(Array(2).fill(["done", undefined]));
    for (const { metrics } of records) expect(metrics["auroc"]).toBeGreaterThan(0.8);
    const folder = records[0]!.folder;
    const table = path("../../examples/own-csv/ward.csv");
    const flags = ["--conditions=@sluice/source", "--disable-warning=ExperimentalWarning"];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...flags, path("fixtures/predict.ts"), folder, table],
      { env: { ...process.env, DEBUG: "" } },
    );
    const { ids, values } = await ward.predict((name) => readFile(join(folder, "files", name)), { path: table });
    expect(ids).toHaveLength(48);
    const expected = ids.map((id, row) => `${id},${valuesOf(values)[2 * row + 1]}`);
    expect(stdout.trim().split("\n")).toEqual(expected);
  } finally {
    await rm(out, { recursive: true });
  }
});
