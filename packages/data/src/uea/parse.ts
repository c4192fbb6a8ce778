import { DataError } from "../error.ts";

/** One series of a `.ts` file. */
export interface UeaSeries {
  /** One array of values per channel. All channels of a series have the same length. NaN where the file has "?". */
  readonly channels: readonly Float64Array[];
  /** Its class, as an index into `classes`. */
  readonly label: number;
}

/** The contents of a `.ts` file. */
export interface UeaSet {
  /** The `@problemName`, or an empty string. */
  readonly problem: string;
  /** The names of the classes, from the `@classLabel` line. */
  readonly classes: readonly string[];
  readonly series: readonly UeaSeries[];
}

/**
 * Reads a `.ts` file of the UEA and UCR archives (timeseriesclassification.com): header lines that start with `@`, then
 * one series per line, with channels separated by ":", values by ",", and the class last. `where` is used in errors
 * only. Throws a {@link DataError} that names the line if the text is malformed, or has time stamps.
 */
export function parseUea(
  text: string,
  where: { readonly set: string; readonly file: string; readonly obtain: string },
): UeaSet {
  if (typeof where !== "object" || where === null)
    throw new DataError({
      set: "a .ts file",
      file: "unnamed",
      wrong: "parseUea needs to know where the text is from, for its errors",
      obtain: "Pass { set, file, obtain } as the second argument.",
    });
  const { set, file, obtain } = where;
  if (typeof text !== "string")
    throw new DataError({ set, file, wrong: `expected the text as a string, got ${typeof text}`, obtain });
  const lines = text.split(/\r?\n/);
  const fail: Fail = (line, wrong) => {
    throw new DataError({ set, file: `${file}, line ${line + 1}`, wrong, obtain });
  };
  const header = headerOf(lines, fail);
  return { problem: header.problem, classes: header.classes, series: seriesOf(lines, header, fail) };
}

/** Throws the error about a line, counted from 0. */
type Fail = (line: number, wrong: string) => never;

/** What the lines before the series say. */
interface Header {
  /** The number of the `@data` line. */
  readonly start: number;
  readonly problem: string;
  readonly classes: readonly string[];
  /** Channels of each series, if the header says so. */
  readonly dimensions: number | undefined;
  /** Whether all series have one length, and which, if the header says so. */
  readonly equal: boolean;
  readonly seriesLength: number | undefined;
}

function headerOf(lines: readonly string[], fail: Fail): Header {
  const start = lines.findIndex((line) => line.trim().toLowerCase() === "@data");
  if (start < 0) return fail(lines.length - 1, "it has no @data line, so it is not a .ts file, or it is truncated");
  const header = new Map<string, string>();
  for (const line of lines.slice(0, start)) {
    const found = /^@(\S+)\s*(.*)$/.exec(line.trim());
    if (found !== null) header.set(found[1]!.toLowerCase(), found[2]!.trim());
  }
  const countOf = (key: string): number | undefined => {
    const text = header.get(key);
    if (text === undefined) return undefined;
    return /^[1-9]\d*$/.test(text)
      ? Number(text)
      : fail(start, `its @${key} line says "${text}", expected an integer of at least 1`);
  };
  if (header.get("timestamps") === "true") fail(start, "it has time stamps, which are not supported");
  const [labelled, ...classes] = (header.get("classlabel") ?? "false").split(/\s+/);
  if (labelled !== "true" || classes.length === 0) fail(start, "its @classLabel line names no classes");
  const repeated = classes.find((name, index) => classes.indexOf(name) !== index);
  if (repeated !== undefined) fail(start, `its @classLabel line names the class "${repeated}" twice`);
  const dimensions = header.get("univariate") === "true" ? 1 : (countOf("dimensions") ?? countOf("dimension"));
  const equal = header.get("equallength") === "true";
  const seriesLength = equal ? countOf("serieslength") : undefined;
  return { start, problem: header.get("problemname") ?? "", classes, dimensions, equal, seriesLength };
}

/** The series of the lines after the header, which must be as it says. */
function seriesOf(
  lines: readonly string[],
  { start, classes, dimensions, equal, seriesLength }: Header,
  fail: Fail,
): UeaSeries[] {
  let first: number | undefined;
  return lines.flatMap((line, at): UeaSeries[] => {
    if (at <= start || line.trim() === "") return [];
    const parts = line.trim().split(":");
    const name = parts.pop()!;
    const label = classes.indexOf(name);
    if (label < 0) fail(at, `its class "${name}" is not one of ${classes.join(", ")}`);
    const channels = parts.map((part) =>
      Float64Array.from(part.split(","), (value) =>
        numberOf(value.trim(), () => fail(at, `"${value}" is not a number`)),
      ),
    );
    if (dimensions !== undefined && channels.length !== dimensions)
      fail(at, `it has ${channels.length} channels, but the header says ${dimensions}`);
    const steps = channels[0]!.length;
    const other = channels.findIndex((channel) => channel.length !== steps);
    if (other > 0) fail(at, `channel ${other + 1} has ${channels[other]!.length} values, but the first has ${steps}`);
    first ??= steps;
    if (equal && steps !== (seriesLength ?? first))
      fail(
        at,
        `it has ${steps} steps, but the header says that all series have ${seriesLength ?? `the same length, and the first has ${first}`}`,
      );
    return [{ channels, label }];
  });
}

function numberOf(text: string, fail: () => never): number {
  if (text === "?" || text === "NaN") return NaN;
  // Number() alone would also take "0x10" and "0b1".
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : fail();
}
