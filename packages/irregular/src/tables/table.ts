import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { TableAccount } from "../records/from-records.ts";
import { recordSettings, type RecordOptions, type RecordSettings } from "../records/options.ts";
import type { RawRecord, UnreadableLine } from "../records/reading.ts";
import { headingsOf, type TableColumns } from "./columns.ts";
import { longRecords } from "./long.ts";
import { wideRecords } from "./wide.ts";

/** What all ways to read tables take. */
export interface TableOptions extends RecordOptions {
  /** `"long"`: one value per line. `"wide"`: one time per line, and one column per variable. */
  readonly layout: "long" | "wide";
  /** The columns, by what they hold. Default: `id`, `time`, `variable` and `value`. */
  readonly columns?: TableColumns;
  /**
   * Whether headings of a wide table and the heading of the time may end with a unit, as in `weight [kg]` and `age
   * (years)`. The variable is called `weight` then. Default true.
   */
  readonly unitsInHeader?: boolean;
}

/** A table that has been split into cells. A cell that a line does not have is undefined. */
export interface Table {
  readonly headings: readonly string[];
  readonly lines: Iterable<TableLine | UnreadableLine>;
}

/** A line of a table: a cell for each heading. */
export interface TableLine {
  readonly line: number;
  readonly cells: readonly unknown[];
}

/** The records of a table, the settings that it adds units to, and what it adds to the report. */
export interface TableRecords {
  readonly records: Iterable<RawRecord | UnreadableLine>;
  readonly settings: RecordSettings;
  readonly account: () => TableAccount;
}

/** Reads a table as records, after a check of the options. Throws a TensorError if a column is not there, or if its unit is another one than given. */
export function tableRecords(
  operation: string,
  split: () => Table,
  options: TableOptions,
  own: readonly string[] = [],
): TableRecords {
  const settings = recordSettings(operation, options, ["layout", "columns", "unitsInHeader", ...own]);
  const { layout, columns = {}, unitsInHeader = true } = options;
  if (layout !== "long" && layout !== "wide")
    throw new TensorError(`${operation}: layout is ${shown(layout)}, expected "long" or "wide"`);
  if (typeof unitsInHeader !== "boolean")
    throw new TensorError(`${operation}: unitsInHeader is ${shown(unitsInHeader)}, expected true or false`);
  checkOptions(
    `${operation}: columns`,
    columns,
    layout === "long" ? ["id", "time", "variable", "value"] : ["id", "time"],
    { row: "id" },
  );
  const { headings, lines } = split();
  const headed = { headings: headingsOf(operation, headings, unitsInHeader), lines };
  return layout === "long"
    ? longRecords(operation, headed, settings, columns)
    : wideRecords(operation, headed, settings, columns);
}
