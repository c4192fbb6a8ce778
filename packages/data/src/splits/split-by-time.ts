import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import {
  checkShares,
  countsOf,
  partAt,
  rowsByValue,
  rowValues,
  splitBy,
  type RowValues,
  type Shares,
  type Split,
} from "./parts.ts";

/**
 * Splits rows by time: every training row is before every validation row, and these are before every test row. Shares
 * are of rows, rounded up. Rows of one time stay together, in the earlier part, so later parts may be smaller than their
 * shares.
 */
export function splitByTime(times: RowValues, options: Shares = {}): Split {
  checkShares("splitByTime", options, false);
  const values = rowValues("splitByTime", "times", times).map((value, row) => {
    if (typeof value === "number") return value;
    throw new TensorError(`splitByTime: times of row ${row} is ${shown(value)}, expected a number, such as seconds`);
  });
  const counts = countsOf("splitByTime", values.length, "rows", options);
  const parts = new Map<number | string, keyof Split>();
  let before = 0;
  for (const [time, rows] of [...rowsByValue(values)].sort(([a], [b]) => Number(a) - Number(b))) {
    parts.set(time, partAt(before, counts));
    before += rows.length;
  }
  return splitBy(values.length, (row) => parts.get(values[row] ?? 0) ?? "train");
}
