import type { StoredSeries } from "../results.ts";
import type { MetricRow, Series } from "../trial.ts";

/**
 * A row of metrics as a trial gave it. It may come from plain JavaScript, so it is checked.
 *
 * @throws an error that names what is not a number.
 */
export function checkedRow(row: MetricRow): MetricRow {
  if (!Number.isFinite(row.step))
    throw new Error(`metric: step is ${String(row.step)}, expected a number, in the row ${describeRow(row)}`);
  // A copy, and the names alone, because this is called in every step of training.
  const copy = { ...row };
  for (const name in copy) {
    const value: unknown = copy[name];
    if (typeof value !== "number") {
      throw new Error(
        `metric: "${name}" is ${typeof value === "object" ? "an object" : String(value)}, expected a number, in the row ${describeRow(row)}; leave out what has no value`,
      );
    }
  }
  return copy;
}

function describeRow(row: MetricRow): string {
  return `{ ${Object.entries(row)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(", ")} }`;
}

/**
 * A series as it is stored: a copy, together with the lines that `earlier` had under the same name.
 *
 * @throws an error if the name cannot be a file name, or if a line is not as long as the axis.
 */
export function storedSeries(name: string, series: Series, earlier: StoredSeries["lines"] = {}): StoredSeries {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name))
    throw new Error(`series: "${name}" becomes a file name: use letters, digits, - and _`);
  const { values, ...x } = series.x;
  for (const [line, given] of Object.entries(series.lines)) {
    if (given.length !== values.length) {
      throw new Error(
        `series "${name}", line "${line}": ${given.length} points for ${values.length} values of x; each line needs one point per x`,
      );
    }
  }
  const lines = Object.fromEntries(
    Object.entries({ ...earlier, ...series.lines }).map(([line, given]) => [line, finite(given)]),
  );
  return { name, title: series.title, x: { ...x, values: finite(values) }, y: series.y, lines };
}

/**
 * The name of a file that a trial keeps.
 *
 * @throws an error if the name is a path or is among the names that are `taken`.
 */
export function checkedFileName(name: string, taken: Iterable<string> = []): string {
  if ([...taken].includes(name))
    throw new Error(
      `file: "${name}" is written already, and each name can be written only once; keep values that change in checkpoints`,
    );
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new Error(`file: "${name}" becomes a file name: use letters, digits, ., - and _`);
  return name;
}

/** JSON has no infinity, so numbers that are not finite are stored as NaN. */
function finite(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : Number.NaN));
}
