import { failIn, type Fail, type DataOrigin } from "../error.ts";
import { headerOf, shortened, type Header } from "./header.ts";
import { failAt, numberOf, partsOf, plainChannel, timedChannel } from "./values.ts";

/** One series of a `.ts` file. */
export interface UeaSeries {
  /**
   * One array of values per channel. NaN where the file has "?". All channels of a series have the same length, unless
   * there are time stamps.
   */
  readonly channels: readonly Float64Array[];
  /**
   * The times of the values, one array per channel, increasing; undefined if the file has no time stamps. Numbers are as
   * in the file; dates are seconds since 1970, as UTC.
   */
  readonly times: readonly Float64Array[] | undefined;
  /** Its class, as an index into `classes`; undefined if the file has no classes. */
  readonly label: number | undefined;
  /** The number to predict; undefined unless the file is for regression. */
  readonly target: number | undefined;
}

/** The contents of a `.ts` file. */
export interface UeaSet {
  /** The `@problemName`, or an empty string. */
  readonly problem: string;
  /** The names of the classes, from the `@classLabel` line. Empty if the file has none. */
  readonly classes: readonly string[];
  readonly series: readonly UeaSeries[];
}

/**
 * Reads a `.ts` file of the UEA and UCR archives (timeseriesclassification.com), or of the regression archive
 * (tseregression.org): header lines that start with `@`, then one series per line, with channels separated by ":",
 * values by ",", and the class or the target last. "?" and "NaN" are missing values. With `@timeStamps true` each value
 * is a pair `(time,value)`, and channels may have different times.
 *
 * `where` is used in errors only. Throws a {@link DataError} that names the line if the text is malformed or is not as
 * its header says.
 */
export function parseUea(text: string, where: DataOrigin): UeaSet {
  const fail = failIn("parseUea", where);
  if (typeof text !== "string") return fail("", `expected the text as a string, got ${typeof text}`);
  const lines = text.split(/\r?\n/);
  const header = headerOf(lines, fail);
  const { problem, classes } = header;
  return { problem, classes, series: seriesOf(lines, header, fail) };
}

/** The series of the lines after the header, which must be as it says. */
function seriesOf(lines: readonly string[], header: Header, fail: Fail): UeaSeries[] {
  let first: UeaSeries | undefined;
  const series = lines.flatMap((line, at): UeaSeries[] => {
    if (at <= header.start || line.trim() === "") return [];
    const wrong = failAt(fail, at);
    const one = seriesIn(line.trim(), header, wrong);
    first ??= one;
    checkLengths(one, first, header, wrong);
    return [one];
  });
  if (series.length === 0) fail(`line ${lines.length}`, "no series come after its @data line, so it is truncated");
  return series;
}

function seriesIn(line: string, { ends, classes, timeStamps }: Header, wrong: (wrong: string) => never): UeaSeries {
  const parts = partsOf(line, timeStamps);
  const last = ends === "nothing" ? "" : (parts.pop() ?? "").trim();
  const label = classes.indexOf(last);
  if (ends === "class" && label < 0) wrong(`its class "${shortened(last)}" is not one of ${classes.join(", ")}`);
  const target = ends === "target" ? numberOf(last, (text) => wrong(`its target ${text}`)) : undefined;
  if (target !== undefined && Number.isNaN(target)) wrong("its target is missing");
  if (parts.length === 0) wrong(`it has a ${ends}, but no channels`);
  const channels = parts.map((part) => (timeStamps ? timedChannel(part, wrong) : plainChannel(part, wrong)));
  return {
    channels: channels.map(({ values }) => values),
    times: timeStamps ? channels.map(({ times }) => times ?? new Float64Array()) : undefined,
    label: ends === "class" ? label : undefined,
    target,
  };
}

/** Throws unless a series has the channels, lengths and missing values that the header says. */
function checkLengths(one: UeaSeries, first: UeaSeries, header: Header, wrong: (wrong: string) => never): void {
  const { dimensions, equal, seriesLength, timeStamps, missing } = header;
  const { channels } = one;
  const [expected, says] =
    dimensions === undefined ? [first.channels.length, "the first series has"] : [dimensions, "the header says"];
  if (channels.length !== expected) wrong(`it has ${channels.length} channels, but ${says} ${expected}`);
  const steps = channels[0]?.length ?? 0;
  const other = timeStamps ? -1 : channels.findIndex(({ length }) => length !== steps);
  if (other > 0) wrong(`channel ${other + 1} has ${channels[other]?.length} values, but the first has ${steps}`);
  const common = first.channels[0]?.length ?? 0;
  if (equal && channels.some(({ length }) => length !== (seriesLength ?? common)))
    wrong(
      `it has ${steps} steps, but the header says that all series have ${seriesLength ?? `the same length, and the first has ${common}`}`,
    );
  if (missing === false && channels.some((channel) => channel.some((value) => Number.isNaN(value))))
    wrong("a value is missing, but the header says @missing false; if values are missing, it must say true");
}
