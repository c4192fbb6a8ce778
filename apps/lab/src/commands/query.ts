import { once } from "node:events";
import { resolve } from "node:path";
import { studyError } from "@sluice/study";
import { csvLines } from "../export/csv.ts";
import { fittedHelp } from "../help-text.ts";
import { fitted, layLists, wrapped, type Column } from "../layout.ts";
import { ask, type Answer, type Answers } from "../query/ask.ts";
import { indexFile, openIndex, removeIndex } from "../query/run-index.ts";
import { schemaText, tables } from "../query/schema.ts";
import { isDamage, loadSqlite } from "../query/sqlite.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly runs: string;
  readonly rebuild?: boolean;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export const addQuery: AddCommand = (program, terminal, ended) => {
  program
    .command("query")
    .description("ask all runs a question in SQL; without SQL, print the tables")
    .argument("[sql]", "a query that reads, in quotes")
    .option("--runs <folder>", "the folder with all runs", "runs")
    .option("--rebuild", "read all runs again, instead of those that have changed")
    .option("--csv", "print CSV")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  sluice query
  sluice query "select variant, avg(value) from results where metric = 'accuracy' group by variant" --csv`,
    )
    .action(async (sql: string | undefined, flags: Flags) => ended(await query(sql, flags, terminal)));
};

async function query(sql: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const { folder, stdout, stderr } = terminal;
  const { rebuild = false, csv = false, json = false } = flags;
  if (csv && json) throw studyError("query: --csv and --json were given; expected one of them");
  if (sql === undefined) {
    const width = widthOf(stdout);
    const lines = json ? [JSON.stringify(plainTables(), null, 2)] : schemaText((text) => wrapped(text, width - 2));
    for (const line of lines) stdout.write(`${json ? line : fittedHelp(line, width)}\n`);
    return EXIT.done;
  }
  const sqlite = await loadSqlite();
  const curves = /\bcurves\b/i.test(sql);
  const runs = resolve(folder, flags.runs);
  const { database, problems } = await openIndex(sqlite, runs, { curves, rebuild });
  try {
    for (const problem of problems) stderr.write(`${problem}\n`);
    const answers = ask(database, sql);
    if (csv) await print(csvOf(answers), terminal);
    else if (json) await print(jsonOf(answers), terminal);
    else for (const line of tableOf(answers, widthOf(stdout))) stdout.write(`${line}\n`);
  } catch (error) {
    if (!isDamage(error)) throw error;
    removeIndex(indexFile(runs));
    throw studyError(`${indexFile(runs)}: damaged, and removed. Ask again: it is then made anew`, error);
  } finally {
    database.close();
  }
  return EXIT.done;
}

const plainTables = () =>
  tables.map(({ name, what, columns }) => ({ table: name, what, columns: columns.map((column) => ({ ...column })) }));

/** Writes as fast as the output is read, and stops if its reader has closed it. */
async function print(
  texts: AsyncIterable<string> | Iterable<string>,
  { stdout, closed }: Pick<Terminal, "stdout" | "closed">,
): Promise<void> {
  for await (const text of texts) {
    if (closed.aborted) return;
    if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(closed, "abort")]);
  }
}

const csvOf = ({ columns, rows }: Answers): AsyncIterable<string> =>
  csvLines({
    columns: columns.map((name) => ({ name, type: "text" })),
    async *parts() {
      for (const row of rows()) yield [row];
    },
  });

function* jsonOf({ columns, rows }: Answers): Generator<string> {
  let before = "[\n";
  for (const row of rows()) {
    yield `${before}  ${JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])))}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** More than a terminal can usefully show. */
const MOST = 1000;

function tableOf({ columns, rows }: Answers, width: number): string[] {
  const shown: (readonly Answer[])[] = [];
  let count = 0;
  for (const row of rows()) {
    count += 1;
    if (count <= MOST) shown.push(row);
  }
  return [
    ...layAnswers(columns, shown, width),
    ...(count === 0 ? ["(no rows)"] : []),
    ...(count > MOST ? [`and ${count - MOST} more rows, which --csv and --json print`] : []),
  ];
}

/** A table, or row after row as lists if its columns do not fit beside each other, so that no column is left out. */
function layAnswers(columns: readonly string[], rows: readonly (readonly Answer[])[], width: number): string[] {
  const laid = columns.map((title, index): Column<readonly Answer[]> => ({
    title,
    align: rows.some((row) => typeof row[index] === "number") ? "right" : "left",
    keep: 0,
    most: 60,
    cell: (row) => textOf(row[index] ?? null),
  }));
  const { lines, hidden } = fitted(laid, rows, { width });
  return hidden.length === 0 ? lines : layLists(laid, rows, width);
}

function textOf(value: Answer): string {
  if (value === null) return "–";
  if (typeof value === "string") return value.replaceAll(/\s+/g, " ");
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(6)));
}
