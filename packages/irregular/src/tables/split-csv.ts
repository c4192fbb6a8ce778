import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
// These entries bring their own buffers, so they load in a page as they do in Node.
import { parse } from "csv-parse/browser/esm/sync";

/** A line of CSV, in cells. One with quoted line breaks goes on over several lines of the file. */
export interface CsvLine {
  /** The line of the file in which it begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Options of {@link splitCsv}. */
export interface SplitCsvOptions {
  /** What separates the cells of a line. Default `","`. */
  readonly delimiter?: string;
  /** Throws the error about a line. Default: a TensorError. */
  readonly fail?: (line: number, wrong: string) => never;
}

/**
 * Splits the text of a CSV file (RFC 4180) into cells. Lines may end with LF, CRLF or CR. An empty line has one empty
 * cell. Nothing is read as numbers or left out: `fromCsv` makes a data set.
 *
 * Throws a TensorError, or what `fail` throws, that names the line where a quote is not closed or stands inside a cell
 * without quotes: after it, no cell is certain.
 */
export function splitCsv(text: string, options: SplitCsvOptions = {}): CsvLine[] {
  checkOptions("splitCsv", options, ["delimiter", "fail"], { separator: "delimiter" });
  const { delimiter = ",", fail = failIn("splitCsv") } = options;
  checkDelimiter("splitCsv", delimiter);
  const splitter = csvSplitter(delimiter, fail);
  try {
    parse(text, splitter.options);
  } catch (error) {
    splitter.failWith(error);
  }
  return splitter.take();
}

/** Throws errors about lines of what an operation reads. */
export function failIn(operation: string): (line: number, wrong: string) => never {
  return (line, wrong) => {
    throw new TensorError(`${operation}: line ${line}: ${wrong}`);
  };
}

/** Throws a TensorError if cells cannot be separated by this. */
export function checkDelimiter(operation: string, delimiter: unknown): void {
  if (typeof delimiter !== "string" || delimiter.length === 0 || /["\r\n]/.test(delimiter))
    throw new TensorError(`${operation}: delimiter is ${shown(delimiter)}, expected a text such as "," or "\\t"`);
}

/** Splits a text that is read whole or in parts. */
export async function* splitCsvParts(
  texts: AsyncIterable<string>,
  delimiter: string,
  fail: (line: number, wrong: string) => never,
): AsyncGenerator<readonly CsvLine[]> {
  // Loaded when it is needed: it brings a stream of its own.
  const { Parser } = await import("csv-parse/browser/esm");
  const splitter = csvSplitter(delimiter, fail);
  const parser = new Parser(splitter.options);
  let failure: unknown;
  parser.on("error", (error) => (failure ??= error));
  const settled = async (act: (done: () => void) => void): Promise<readonly CsvLine[]> => {
    await new Promise<void>((resolve) => act(() => resolve()));
    return failure === undefined ? splitter.take() : splitter.failWith(failure);
  };
  let isEmpty = true;
  // The next part is asked for when all lines of this one are taken, so the parser is at most one part ahead.
  for await (const text of texts) {
    isEmpty = false;
    yield await settled((done) => parser.write(text, done));
  }
  // The parser cannot end without any text: its stream for browsers has no destroy().
  if (!isEmpty) yield await settled((done) => parser.end(done));
}

function csvSplitter(delimiter: string, fail: (line: number, wrong: string) => never) {
  let lines: CsvLine[] = [];
  let end = 0;
  return {
    options: {
      bom: true,
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      /** Called for every line. Null leaves it out of what the parser collects. */
      on_record(cells: string[], { lines: last }: { readonly lines: number }): null {
        lines.push({ line: end + 1, cells });
        end = last;
        return null;
      },
    },
    /** The lines since the last call. */
    take(): CsvLine[] {
      const taken = lines;
      lines = [];
      return taken;
    },
    failWith(error: unknown): never {
      // Both entries have a CsvError of their own, so it is known by its code.
      if (!(error instanceof Error) || !("code" in error)) throw error;
      const what = error.code === "CSV_QUOTE_NOT_CLOSED" ? "a quote is opened and never closed" : error.message;
      return fail(end + 1, `${what}; put cells that contain quotes into quotes, and double the quotes in them`);
    },
  };
}
