import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
// This entry brings its own buffers, so it loads in a page as it does in Node.
import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { recordsOf, type FromRecords } from "../records/from-records.ts";
import type { UnreadableLine } from "../records/reading.ts";
import { tableRecords, type Table, type TableLine, type TableOptions } from "./table.ts";

/** Options of {@link fromCsv}. */
export interface CsvOptions extends TableOptions {
  /** What separates the cells of a line. Default `","`. */
  readonly delimiter?: string;
}

/**
 * Makes a data set of a table in CSV (RFC 4180) with a header line, as `fromRecords` makes it of records. Lines may end
 * with LF, CRLF or CR; empty lines are skipped. A line with too few or too many cells is in the report.
 *
 *     id,time [hours],heart rate [bpm],weight [kg]       wide
 *     a,0,80,71.5
 *     a,1.5,,71
 *
 *     id,time,variable,value                              long
 *     a,0,heart rate,80
 *
 * Throws a TensorError for wrong options and missing columns, and names the line where a quote is not closed or stands
 * inside a cell without quotes: after it, no cell is certain.
 */
export function fromCsv(text: string, options: CsvOptions): FromRecords {
  if (typeof text !== "string")
    throw new TensorError(`fromCsv: the table is ${shown(text)}, expected the text of a CSV file`);
  const split = (): Table => splitCsv(text, options.delimiter);
  const { records, settings, account } = tableRecords("fromCsv", split, options, ["delimiter"]);
  return recordsOf("fromCsv", records, settings, account);
}

function splitCsv(text: string, delimiter = ","): Table {
  if (typeof delimiter !== "string" || delimiter.length === 0 || /["\r\n]/.test(delimiter))
    throw new TensorError(`fromCsv: delimiter is ${shown(delimiter)}, expected a text such as "," or "\\t"`);
  let headings: readonly string[] | undefined;
  const lines: (TableLine | UnreadableLine)[] = [];
  let end = 0;
  const take = (cells: readonly string[], line: number): void => {
    if (cells.length === 1 && cells[0]?.trim() === "") return;
    if (headings === undefined) headings = cells;
    else if (cells.length === headings.length) lines.push({ line, cells });
    else lines.push({ line, unreadable: `it has ${cells.length} cells, but the header has ${headings.length}` });
  };
  try {
    parse(text, {
      bom: true,
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      // Nothing is collected: null leaves a record out.
      on_record(cells: string[], { lines: last }) {
        take(cells, end + 1);
        end = last;
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new TensorError(
      `fromCsv: line ${end + 1}: ${error.code === "CSV_QUOTE_NOT_CLOSED" ? "a quote is opened and never closed" : error.message}; put cells that contain quotes into quotes, and double the quotes in them`,
    );
  }
  if (headings === undefined) throw new TensorError("fromCsv: the text is empty, expected a header line");
  return { headings, lines };
}
