import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inProcess, memoryStore, planRun, readModel, readRun, runStudy, study, type Store } from "@sluice/study";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { csvLines } from "./csv.ts";
import { escaped, latexTable } from "./latex.ts";
import { writeParquet } from "./parquet.ts";
import { asColumn, columnOf, type ExportedTable, type TableValue } from "./table.ts";
import { rowTable, trialTable } from "./trials.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-export-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Settings of every type, names that CSV and LaTeX have to quote, metrics without values, and a trial that fails. */
const awkward = study({
  name: "awkward",
  title: "50 % of x_1 & more",
  question: "Is everything quoted?",
  settings: {
    rate: 0.5,
    wide: true,
    note: 'a "b", c\nd',
    optimizer: { name: "adam", betas: [0.9, 0.999] },
    fails: false as boolean,
  },
  tasks: { "first, of two": {}, second_2: {} },
  variants: { plain: {}, "x^2 {a}": { rate: 2 }, broken: { fails: true } },
  seeds: 3,
  metrics: {
    error: { label: "Error_1", unit: "%", better: "lower", digits: 2 },
    reached: { label: "Steps", better: "higher" },
    tiny: { label: "Tiny", better: "neither" },
  },
  async trial({ config, seedIndex, task, metric }) {
    if (config.fails) throw new Error("the trial, it broke");
    for (let step = 1; step <= 3; step += 1) metric({ step, error: config.rate + seedIndex / 8 + step / 1e9 });
    return {
      metrics: { reached: task === "second_2" ? null : config.rate * 1e4 + seedIndex, tiny: -1e-7 * (1 + seedIndex) },
    };
  },
});

const store: Store = memoryStore();
beforeAll(async () => {
  await runStudy(await planRun(awkward, { store, executor: inProcess() }));
});

async function csvOf(table: ExportedTable): Promise<Record<string, string>[]> {
  let text = "";
  for await (const lines of csvLines(table)) text += lines;
  return parse<Record<string, string>>(text, { columns: true });
}

async function parquetOf(table: ExportedTable): Promise<Record<string, unknown>[]> {
  const path = join(scratch, "table.parquet");
  await writeParquet(path, table);
  return await parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

test("a row per trial has its settings, results and hashes, in CSV and in Parquet alike", async () => {
  const table = await trialTable(await readRun(store), store);
  const [csv, parquet] = [await csvOf(table), await parquetOf(table)];
  expect(csv).toHaveLength(2 * 3 * 3);
  expect(csv.map((row) => Object.values(row))).toEqual(
    parquet.map((row) => Object.values(row).map((value) => (value === null ? "" : String(value)))),
  );
  const [first] = parquet;
  expect(first).toMatchObject({
    study: "awkward",
    task: "first, of two",
    variant: "plain",
    seed: 0,
    fold: null,
    status: "done",
    "setting.rate": 0.5,
    "setting.wide": true,
    "setting.note": 'a "b", c\nd',
    "setting.optimizer.name": "adam",
    "setting.optimizer.betas": "[0.9,0.999]",
    "metric.error": 0.5 + 3 / 1e9,
    "metric.reached": 5000,
  });
  expect(first?.["trial"]).toMatch(/^[0-9a-f]{64}$/);
  const broken = csv.filter(({ variant }) => variant === "broken");
  expect(new Set(broken.map(({ status, reason }) => `${status}: ${reason}`))).toEqual(
    new Set(["failed: the trial, it broke"]),
  );
  expect(csv.filter(({ task }) => task === "second_2").map((row) => row["metric.reached"])).toEqual(Array(9).fill(""));
});

test("the curves in long form have every value with all its digits", async () => {
  const table = rowTable(await readRun(store), store, (problem) => expect(problem).toBe(""));
  const [csv, parquet] = [await csvOf(table), await parquetOf(table)];
  expect(parquet).toHaveLength(2 * 2 * 3 * 3);
  for (const [index, { variant, seed, step, metric, value }] of parquet.entries()) {
    const rate = variant === "plain" ? 0.5 : 2;
    expect([metric, value]).toEqual(["error", rate + Number(seed) / 8 + Number(step) / 1e9]);
    expect(Number(csv[index]?.["value"])).toBe(value);
  }
});

test("whatever values a table has, they are read back from CSV and from Parquet", async () => {
  const value = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.integer(), fc.boolean(), fc.constant(null));
  const column = fc.oneof(
    fc.array(value, { minLength: 5, maxLength: 5 }),
    ...[fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.string({ unit: "binary" })].map((one) =>
      fc.array(fc.option<TableValue>(one), { minLength: 5, maxLength: 5 }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 4 }), async (data) => {
      const columns = data.map((values, index) => columnOf(`c${index}`, values));
      const rows = Array.from({ length: 5 }, (_, row) =>
        columns.map((one, index) => asColumn(one, data[index]?.[row] ?? null)),
      );
      const table: ExportedTable = {
        columns,
        async *parts() {
          yield rows.slice(0, 2);
          yield rows.slice(2);
        },
      };
      expect((await parquetOf(table)).map((row) => Object.values(row))).toEqual(rows);
      expect((await csvOf(table)).map((row) => Object.values(row))).toEqual(
        rows.map((row) => row.map((one) => (one === null ? "" : String(one)))),
      );
    }),
    { numRuns: 50 },
  );
});

test("the table of results in LaTeX: bold is the best, and every character stands for itself", async () => {
  const table = latexTable(await readModel(store, awkward));
  expect(table.split("\n")).toEqual([
    "% needs \\usepackage{booktabs}",
    "\\begin{table}",
    "\\centering",
    expect.stringMatching(
      /^\\caption\{50 \\% of x\\_1 \\& more \(full\): mean \$\\pm\$ half of the 95 \\% interval over 3 seeds\. The best mean is bold\. Without a result: first, of two, broken seed 0 \(failed\); .*\.\}$/,
    ),
    "\\label{tab:awkward}",
    "\\begin{tabular}{lrrrr}",
    "\\toprule",
    " & Error\\_1 (\\%) $\\downarrow$ & Steps $\\uparrow$ & Tiny & done \\\\",
    "\\midrule",
    "\\multicolumn{5}{l}{\\emph{first, of two}} \\\\",
    // Student's interval of three values at distances d is 4.3027 d / sqrt(3): 0.3105 for 1/8, 2.484 for 1.
    "plain & $\\mathbf{0.63 \\pm 0.31}$ & $5001.0 \\pm 2.5$ & $(-2.00 \\times 10^{-7}) \\pm (2.48 \\times 10^{-7})$ & 3/3 \\\\",
    "x\\textasciicircum{}2 \\{a\\} & $2.13 \\pm 0.31$ & $\\mathbf{20\\,001.0 \\pm 2.5}$ & $(-2.00 \\times 10^{-7}) \\pm (2.48 \\times 10^{-7})$ & 3/3 \\\\",
    "broken & -- & -- & -- & 0/3 \\\\",
    "\\midrule",
    "\\multicolumn{5}{l}{\\emph{second\\_2}} \\\\",
    expect.stringContaining("plain & $\\mathbf{0.63 \\pm 0.31}$ & -- & "),
    expect.stringContaining(" & $2.13 \\pm 0.31$ & -- & "),
    "broken & -- & -- & -- & 0/3 \\\\",
    "\\bottomrule",
    "\\end{tabular}",
    "\\end{table}",
    "",
  ]);
  expect(escaped("a\\b~c\n$#<|>")).toBe(
    "a\\textbackslash{}b\\textasciitilde{}c \\$\\#\\textless{}\\textbar{}\\textgreater{}",
  );
});
