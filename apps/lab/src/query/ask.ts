import { messageOf, nearest, studyError } from "@sluice/study";
import { tables } from "./schema.ts";
import { isDamage, type Database } from "./sqlite.ts";

/** A value as SQLite gives it. */
export type Answer = string | number | null;

/** The answer to a query, row by row. */
export interface Answers {
  readonly columns: readonly string[];
  rows(): Iterable<readonly Answer[]>;
}

/**
 * Asks a question of the index.
 *
 * @throws an error for anything but one statement that reads, with the nearest name for one that does not exist.
 */
export function ask(database: Database, sql: string): Answers {
  const bare = sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ").trim();
  if (!/^(select|with|values|explain)\b/i.test(bare))
    throw studyError(`query: "${bare.slice(0, 40)}": expected a query that reads: SELECT, WITH, VALUES or EXPLAIN`);
  addFunctions(database);
  try {
    const statement = database.prepare(sql);
    const rest = sql.slice(sql.indexOf(statement.sourceSQL) + statement.sourceSQL.length);
    if (rest.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\/|[\s;]/g, "") !== "")
      throw studyError("query: more than one statement is given; expected one");
    statement.setReturnArrays(true);
    const columns = statement.columns().map(({ name }) => name);
    return { columns, rows: () => answersOf(statement) };
  } catch (error) {
    throw queryError(error);
  }
}

function* answersOf(statement: ReturnType<Database["prepare"]>): Generator<readonly Answer[]> {
  try {
    // With arrays asked for, each row is one.
    for (const row of statement.iterate()) yield Object.values(row).map(answerOf);
  } catch (error) {
    throw queryError(error);
  }
}

const answerOf = (value: unknown): Answer => {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" ? value : null;
};

function queryError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "StudyError" || !("errcode" in error) || isDamage(error))
    return error;
  const [, what, name = ""] = /no such (table|column|function): (?:\w+\.)?(.+)$/.exec(error.message) ?? [];
  const known =
    what === "table"
      ? tables.map((table) => table.name)
      : what === "column"
        ? [...new Set(tables.flatMap(({ columns }) => columns.map((column) => column.name)))]
        : ["median", "stddev", "avg", "count", "min", "max", "sum"];
  const near = what === undefined ? undefined : nearest(name, known);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return studyError(
    `query: ${messageOf(error).replace(/[.?]$/, "")}${hint === "" ? "." : hint} "sluice query" without SQL prints the tables`,
  );
}

/** Functions that SQLite lacks and that tables of results need. */
function addFunctions(database: Database): void {
  const collected = (result: (values: readonly number[]) => number | null) => ({
    start: (): string => "",
    // The numbers as a text: the state of an aggregate is a value of SQL.
    step: (before: unknown, value: unknown): string =>
      typeof value === "number" ? `${String(before)} ${value}` : String(before),
    result: (text: unknown): number | null => result(String(text).split(" ").slice(1).map(Number)),
  });
  database.aggregate("median", collected(medianOf));
  database.aggregate("stddev", collected(deviationOf));
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Of a sample, with n - 1; `null` for fewer than two values. */
function deviationOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1));
}
