import { studyError } from "@sluice/study";

/** Node's SQLite. */
export type Sqlite = typeof import("node:sqlite");
export type Database = InstanceType<Sqlite["DatabaseSync"]>;

/**
 * Loads Node's SQLite, without the warning that it is an experiment.
 *
 * @throws an error that says which Node has it.
 */
export async function loadSqlite(): Promise<Sqlite> {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: never[]): void => {
    if (!String(warning).includes("SQLite")) emitWarning(warning, ...rest);
  };
  try {
    const sqlite = await import("node:sqlite");
    if (typeof sqlite.StatementSync.prototype.columns === "function") return sqlite;
  } catch {
    // Told below.
  } finally {
    process.emitWarning = emitWarning;
  }
  throw studyError(
    `sluice query needs the node:sqlite of Node 22.16 or newer, and this is ${process.version}. Use a newer Node; ` +
      "sluice export writes the same values as CSV or Parquet with this one",
  );
}

/** Whether an error of SQLite says that the file is damaged, or no database at all. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (error.errcode === 11 || error.errcode === 26);
}

/** Whether an error of SQLite says that the file cannot be written or made there. */
export function isUnwritable(error: unknown): boolean {
  return (
    error instanceof Error &&
    "errcode" in error &&
    typeof error.errcode === "number" &&
    [8, 10, 13, 14].includes(error.errcode & 255)
  );
}
