import { closeSync, openSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { extname, resolve } from "node:path";
import { Option } from "commander";
import { messageOf, readModel, readRun, studyError, systemCode, type Store } from "@sluice/study";
import { csvLines } from "../export/csv.ts";
import { latexTable } from "../export/latex.ts";
import type { ExportedTable } from "../export/table.ts";
import { rowTable, trialTable } from "../export/trials.ts";
import { storeAt } from "../stores.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

const FORMATS = ["csv", "latex", "parquet"] as const;
type Format = (typeof FORMATS)[number];

const ENDINGS: Readonly<Record<string, Format>> = { ".csv": "csv", ".tex": "latex", ".parquet": "parquet" };

interface Flags {
  readonly format?: Format;
  readonly rows?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export const addExport: AddCommand = (program, terminal, ended) => {
  program
    .command("export")
    .description("write a run as a table: a row per trial, all rows of the curves, or the results for a paper")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .addOption(
      new Option(
        "--format <name>",
        "csv, parquet, or latex, the table of results (default: as --out ends, otherwise csv)",
      ).choices(FORMATS),
    )
    .option("--rows", "the curves in long form, a row per trial, step and metric, instead of a row per trial")
    .option("--out <file>", "write this file (default: standard output)")
    .option("--json", "print JSON: the table, or with --out what was written")
    .addHelpText(
      "after",
      `
Examples:
  sluice export runs/digits/quick --out digits.parquet
  sluice export runs/digits/quick --rows | head
  sluice export runs/digits/quick --format latex --out digits.tex`,
    )
    .action(async (folder: string, flags: Flags) => ended(await exportRun(folder, flags, terminal)));
};

async function exportRun(given: string, flags: Flags, terminal: Terminal): Promise<number> {
  const { folder, stderr, closed } = terminal;
  const { out, rows = false, json = false } = flags;
  const format = flags.format ?? ENDINGS[extname(out ?? "")] ?? "csv";
  if (format === "latex" && rows) throw studyError("export: --rows has no LaTeX form; use csv or parquet");
  if (format === "latex" && json && out === undefined)
    throw studyError("export: a LaTeX table is not JSON; leave out --json, or give --out");
  if (format === "parquet" && out === undefined && !json)
    throw studyError("export: a Parquet file is not text; name a file with --out, such as --out trials.parquet");
  const store = storeAt(given, folder);
  const tell = (problem: string): void => void stderr.write(`${problem}\n`);
  const path = out === undefined ? null : resolve(folder, out);
  try {
    const count =
      format === "latex"
        ? await writeText([await latexOf(store, tell)], path, terminal)
        : await writeTable(await tableOf(store, { rows, tell }), { format, path, json, terminal });
    if (path !== null && !closed.aborted) terminal.stdout.write(`${writtenText({ format, path, count, json })}\n`);
  } catch (error) {
    if (error instanceof Error && error.name === "StudyError") throw error;
    const fix = systemCode(error) === "ENOENT" ? ". Make its folder first, or name another file with --out" : "";
    throw studyError(`export: ${path ?? "standard output"} cannot be written: ${messageOf(error)}${fix}`, error);
  }
  return EXIT.done;
}

interface Written {
  readonly format: Format;
  readonly path: string;
  readonly count: number;
  readonly json: boolean;
}

const writtenText = ({ format, path, count, json }: Written): string =>
  json
    ? JSON.stringify({ file: path, format, rows: format === "latex" ? null : count }, null, 2)
    : `${path}${format === "latex" ? "" : `: ${count} ${count === 1 ? "row" : "rows"}`}`;

async function latexOf(store: Store, tell: (problem: string) => void): Promise<string> {
  const model = await readModel(store, null);
  model.problems.forEach(tell);
  return latexTable(model);
}

async function tableOf(
  store: Store,
  { rows, tell }: { readonly rows: boolean; readonly tell: (problem: string) => void },
): Promise<ExportedTable> {
  const run = await readRun(store);
  run.problems.forEach(tell);
  return rows ? rowTable(run, store, tell) : trialTable(run, store);
}

interface Target {
  readonly format: Format;
  readonly path: string | null;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Returns the number of rows. */
async function writeTable(table: ExportedTable, { format, path, json, terminal }: Target): Promise<number> {
  if (path === null && json) return writeText(jsonLines(table), null, terminal);
  if (format === "parquet" && path !== null) {
    // Loaded here, because no other format needs it.
    const { writeParquet } = await import("../export/parquet.ts");
    return writeParquet(path, table);
  }
  let rows = 0;
  const counted: ExportedTable = {
    ...table,
    async *parts() {
      for await (const part of table.parts()) {
        rows += part.length;
        yield part;
      }
    },
  };
  await writeText(csvLines(counted), path, terminal);
  return rows;
}

/** The rows as objects, row by row. */
async function* jsonLines({ columns, parts }: ExportedTable): AsyncGenerator<string> {
  let before = "[\n";
  for await (const rows of parts()) {
    for (const row of rows) {
      const entries = columns.map(({ name }, index) => [name, row[index] ?? null] as const);
      yield `${before}${JSON.stringify(Object.fromEntries(entries))}`;
      before = ",\n";
    }
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** Writes to a file or, as fast as it is read, to standard output. Stops if the reader closes it. */
async function writeText(
  texts: AsyncIterable<string> | Iterable<string>,
  path: string | null,
  { stdout, closed }: Terminal,
): Promise<number> {
  const file = path === null ? null : openSync(path, "w");
  try {
    for await (const text of texts) {
      if (closed.aborted) break;
      if (file !== null) writeFileSync(file, text);
      else if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(closed, "abort")]);
    }
  } finally {
    if (file !== null) closeSync(file);
  }
  return 0;
}
