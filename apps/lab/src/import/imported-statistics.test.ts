import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { folderStore } from "@sluice/runner";
import { compareSummaries, importTrial, inProcess, planRun, readModel, readRun, runStudy } from "@sluice/study";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import line from "../../../../packages/runner/fixtures/line.ts";
import { fixture } from "../../fixtures/command.ts";
import { writeBundle } from "../bundle/write-bundle.ts";
import { addCompare } from "../commands/compare.ts";
import { planImport } from "./import-plan.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-imported-statistics-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const written = fileURLToPath(new URL("../../../../fixtures/import", import.meta.url));
const store = folderStore(join(scratch, "run"));

beforeAll(async () => {
  // A bundle has the code of the commit that the run names.
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: written, encoding: "utf8" }).trim();
  const place = { runtime: "Node", engine: null, os: null, cpu: null, cores: null, memoryGiB: null };
  const git = { commit, branch: null, uncommitted: null };
  await runStudy(
    await planRun(line, {
      store,
      executor: inProcess(),
      budget: "quick",
      seeds: 2,
      module: fixture("line"),
      environment: (given) => ({ environment: { ...place, git, ...given }, changes: "" }),
    }),
  );
  const { trials } = await planImport(await readRun(store), {
    sources: ["folders"],
    curves: [],
    mapping: {
      columns: { task: "dataset" },
      fixed: { variant: "torch-momentum" },
      settings: { rate: "lr" },
      metrics: { error: "slope_error", loss: "train_loss" },
      files: { weights: "last.safetensors" },
    },
    mappingFile: "mapping.json",
    folder: written,
    replace: false,
    date: "2026-03-01T00:00:00.000Z",
  });
  for (const { trial, given } of trials)
    await importTrial(store, trial, { given, metrics: line.metrics, command: "import" });
});

test("the mean and interval of imported trials are SciPy's", async () => {
  const scipy = JSON.parse(readFileSync(join(written, "statistics.json"), "utf8"));
  const { metrics } = await compareSummaries([store, store]);
  const own = metrics.find(({ variant, metric }) => variant === "torch-momentum" && metric === "error");
  const [summary] = own?.runs ?? [];
  expect(summary).toMatchObject({ n: scipy.n, imported: 3 });
  for (const name of ["mean", "low", "high"] as const) expect(summary?.[name]).toBeCloseTo(scipy[name], 12);
  const { results } = await readModel(store, null);
  expect(results.values({ task: "low noise", variant: "torch-momentum", metric: "error" })).toHaveLength(3);
});

/** What `sluice compare` prints of the run and itself in a terminal of a width. */
async function compared(columns: number): Promise<string[]> {
  let text = "";
  const stream = { columns, write: (part: string) => ((text += part), true) } as unknown as NodeJS.WriteStream;
  const program = new Command();
  const { stdin } = process;
  const terminal = { folder: scratch, stdin, stdout: stream, stderr: stream, closed: new AbortController().signal };
  addCompare(program, terminal, () => undefined);
  await program.parseAsync(["compare", "run", "run"], { from: "user" });
  return text.trimEnd().split("\n");
}

describe("compare says what its lines are of, and which were imported", () => {
  test.each([60, 80, 160])("in %d columns", async (columns) => {
    const lines = await compared(columns);
    expect(Math.max(...lines.map((text) => text.length))).toBeLessThanOrEqual(columns);
    expect(lines.filter((text) => /± [\d.]+\*/.test(text))).toHaveLength(4);
    const named = lines.filter((text) => text.includes("torch-momentum"));
    expect(named).toHaveLength(columns < 160 ? 1 : 2);
    expect(lines.join(" ")).toContain("* Some of these trials ran elsewhere");
  });
});

// It packs the whole checkout.
test.runIf(inject("long"))(
  "a bundle has imported trials with their files, and says that nobody can run them again",
  async () => {
    const bundle = join(scratch, "bundle");
    mkdirSync(bundle);
    await writeBundle(store, bundle);
    const { trials } = await readRun(folderStore(join(bundle, "run")));
    const imported = trials.filter(({ trial }) => trial.imported !== undefined);
    expect(imported.map(({ record }) => [record.status, record.weights !== undefined])).toEqual(
      Array(3).fill(["done", true]),
    );
    expect(readFileSync(join(bundle, "CHECKLIST.md"), "utf8")).toContain(
      "Imported trials: 3 of 11 ran elsewhere (folders). `verify.sh` cannot run them again",
    );
    const [header = "", ...rows] = readFileSync(join(bundle, "tables/trials.csv"), "utf8").trim().split("\n");
    const at = header.split(",").indexOf("imported");
    expect(rows.filter((row) => row.split(",")[at] === "folders")).toHaveLength(3);
  },
);
