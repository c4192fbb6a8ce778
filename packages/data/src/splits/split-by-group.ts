import { shuffled } from "../shuffle.ts";
import {
  checkShares,
  countsOf,
  partAt,
  rowsByValue,
  rowValues,
  splitBy,
  type DrawnShares,
  type RowValues,
  type Split,
} from "./parts.ts";

/**
 * Splits rows so that no group is in two parts: the visits of a patient, the utterances of a speaker. Shares are of
 * groups, rounded up (scikit-learn's GroupShuffleSplit), so the shares of rows differ where groups have different sizes.
 */
export function splitByGroup(groups: RowValues, options: DrawnShares): Split {
  checkShares("splitByGroup", options, true);
  const values = rowValues("splitByGroup", "groups", groups);
  const names = [...rowsByValue(values).keys()];
  const counts = countsOf("splitByGroup", names.length, "groups", options);
  const parts = new Map(
    shuffled(options.key, names.length).map((group, place) => [names[group], partAt(place, counts)]),
  );
  return splitBy(values.length, (row) => parts.get(values[row]) ?? "train");
}
