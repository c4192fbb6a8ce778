import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { FromRecords } from "../records/from-records.ts";
import { checkChunks, decodedChunks, type TextChunks } from "./chunks.ts";
import { checkDelimiter, failIn, splitCsv, splitCsvParts, type CsvLine } from "./split-csv.ts";
import { inFile, tableReader, type TableOptions } from "./table.ts";

/** Options of {@link fromCsv} and {@link fromCsvStream}. */
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
 *     id,time,variable,value,unit                         long; the units may be left out
 *     a,0,heart rate,80,bpm
 *
 * Throws a TensorError for wrong options and missing columns, and names the line where a quote is not closed or stands
 * inside a cell without quotes: after it, no cell is certain.
 */
export function fromCsv(text: string, options: CsvOptions): FromRecords {
  if (typeof text !== "string")
    throw new TensorError(
      `fromCsv: the table is ${shown(text)}, expected the text of a CSV file; for a stream use fromCsvStream`,
    );
  const operation = inFile("fromCsv", options);
  const table = csvTable(operation, options);
  // Before the rest is split: with another delimiter, quotes stand inside cells.
  checkHeader(operation, [text.slice(0, text.search(/[\r\n]|$/)).replace(/^\uFEFF/, "")], table.delimiter);
  splitCsv(text, { delimiter: table.delimiter, fail: failIn(operation) }).forEach(table.add);
  return table.finish();
}

/**
 * {@link fromCsv} for a text in parts, such as a Node stream of a file that is larger than a text or the memory may be.
 * Each part is read before the next is asked for, so only one is in memory; of the values, numbers are kept.
 *
 *     const { observations } = await fromCsvStream(createReadStream("vitals.csv"), options);
 *
 * Bytes must be UTF-8: others are an error that names the line.
 */
export async function fromCsvStream(chunks: TextChunks, options: CsvOptions): Promise<FromRecords> {
  checkChunks("fromCsvStream", chunks, "fromCsv");
  const operation = inFile("fromCsvStream", options);
  const table = csvTable(operation, options);
  const texts = decodedChunks(operation, chunks);
  for await (const lines of splitCsvParts(texts, table.delimiter, failIn(operation))) lines.forEach(table.add);
  return table.finish();
}

/** Throws an error about a header that is one cell, if another delimiter makes several of it. */
function checkHeader(operation: string, [header = "", ...further]: readonly string[], delimiter: string): void {
  const other = [";", "\t", "|", ","].find((mark) => mark !== delimiter && header.includes(mark));
  if (further.length > 0 || header.includes(delimiter) || other === undefined) return;
  throw new TensorError(
    `${operation}: the header ${shown(header)} has no ${shown(delimiter)}, but ${shown(other)}; set delimiter: ${shown(other)}`,
  );
}

/** Takes the lines of a table, the header first. */
function csvTable(operation: string, options: CsvOptions) {
  const reader = tableReader(operation, options, { own: ["delimiter"] });
  const { delimiter = "," } = options;
  checkDelimiter(operation, delimiter);
  let width: number | undefined;
  return {
    delimiter,
    add({ line, cells }: CsvLine): void {
      if (cells.length === 1 && cells[0]?.trim() === "") return;
      if (width === undefined) {
        checkHeader(operation, cells, delimiter);
        width = cells.length;
        reader.head(cells);
        reader.checkHeadings();
      } else if (cells.length === width) reader.add({ line, cells });
      else reader.add({ line, unreadable: `it has ${cells.length} cells, but the header has ${width}` });
    },
    finish(): FromRecords {
      if (width === undefined) throw new TensorError(`${operation}: the text is empty, expected a header line`);
      return reader.finish();
    },
  };
}
