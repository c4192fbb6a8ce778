import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { recordCollector, type TableAccount } from "../records/collector.ts";
import type { FromRecords } from "../records/from-records.ts";
import { recordSettings, type RecordOptions } from "../records/options.ts";
import type { RawRecord, UnreadableLine } from "../records/reading.ts";
import { moreHeadings, type TableColumns } from "./columns.ts";
import type { Heading } from "./heading.ts";
import { longLayout } from "./long.ts";
import { wideLayout } from "./wide.ts";

/** What all ways to read tables take. */
export interface TableOptions extends RecordOptions {
  /** `"long"`: one value per line. `"wide"`: one time per line, and one column per variable. */
  readonly layout: "long" | "wide";
  /** The columns, by what they hold. Default: `id`, `time`, `variable`, `value` and, if there is one, `unit`. */
  readonly columns?: TableColumns;
  /**
   * Whether headings of a wide table and the heading of the time may end with a unit, as in `weight [kg]` and `age
   * (years)`. The variable is called `weight` then. Default true.
   */
  readonly unitsInHeader?: boolean;
  /** The name of the file, for errors. */
  readonly file?: string;
}

/** An operation with the file that it reads, for errors. */
export function inFile(operation: string, options: TableOptions | undefined): string {
  const file = options?.file;
  return typeof file === "string" ? `${operation}: ${file}` : operation;
}

/** A line of a table: a cell for each heading so far. A cell that the line does not have is undefined. */
interface TableLine {
  readonly line: number;
  readonly cells: readonly unknown[];
}

/** How the lines of a table are records. */
export interface Layout {
  /** Takes the headings that there are so far. */
  head(headings: readonly Heading[]): void;
  /** Throws a TensorError if a column that the options name is not there. */
  checkHeadings(): void;
  records(line: TableLine): Iterable<RawRecord>;
  account(): TableAccount;
}

/** Takes a table line by line. */
export interface TableReader {
  /** Adds columns. Throws a TensorError if their headings are not distinct names. */
  head(texts: readonly string[]): void;
  /** To call when all headings are known. Throws a TensorError if a column that the options name is not there. */
  checkHeadings(): void;
  add(line: TableLine | UnreadableLine): void;
  finish(): FromRecords;
}

/**
 * Makes a reader, after a check of the options. `own` are the names of further options. If `sorted`, the variables are
 * in the order of their headings, not in that of the columns.
 */
export function tableReader(
  operation: string,
  options: TableOptions,
  { own = [], sorted = false }: { readonly own?: readonly string[]; readonly sorted?: boolean },
): TableReader {
  const settings = recordSettings(operation, options, ["layout", "columns", "unitsInHeader", "file", ...own]);
  const { layout: which, columns = {}, unitsInHeader = true } = options;
  if (which !== "long" && which !== "wide")
    throw new TensorError(`${operation}: layout is ${shown(which)}, expected "long" or "wide"`);
  if (typeof unitsInHeader !== "boolean")
    throw new TensorError(`${operation}: unitsInHeader is ${shown(unitsInHeader)}, expected true or false`);
  checkOptions(
    `${operation}: columns`,
    columns,
    which === "long" ? ["id", "time", "variable", "value", "unit"] : ["id", "time"],
    { row: "id" },
  );
  const layout =
    which === "long" ? longLayout(operation, settings, columns) : wideLayout(operation, settings, columns, sorted);
  const collector = recordCollector(operation, settings);
  let headings: readonly Heading[] = [];
  return {
    head(texts) {
      headings = moreHeadings(operation, headings, texts, unitsInHeader);
      layout.head(headings);
    },
    checkHeadings: () => layout.checkHeadings(),
    add(line) {
      if ("unreadable" in line) collector.add(line);
      else for (const record of layout.records(line)) collector.add(record);
    },
    finish: () => collector.finish(layout.account()),
  };
}
