import type { RecordSettings } from "../records/options.ts";
import { checkColumn, columnOf, withTimeUnit, type TableColumns } from "./columns.ts";
import type { Heading } from "./heading.ts";
import type { Layout } from "./table.ts";

/** A table with one value per line. */
export function longLayout(operation: string, settings: RecordSettings, columns: TableColumns): Layout {
  const { id = "id", time = "time", variable = "variable", value = "value", unit = "unit" } = columns;
  let headings: readonly Heading[] = [];
  let at = { id: -1, time: -1, variable: -1, value: -1, unit: -1 };
  let timeOptions = settings.time;
  return {
    head(given) {
      headings = given;
      const of = (name: string): number => columnOf(headings, name);
      at = { id: of(id), time: of(time), variable: of(variable), value: of(value), unit: of(unit) };
      timeOptions = withTimeUnit(operation, settings.time, headings[at.time]);
    },
    checkHeadings() {
      checkColumn(operation, headings, "id", id);
      checkColumn(operation, headings, "time", time);
      checkColumn(operation, headings, "variable", variable);
      checkColumn(operation, headings, "value", value);
      if (columns.unit !== undefined) checkColumn(operation, headings, "unit", unit);
    },
    *records({ line, cells }) {
      const record = {
        line,
        id: cells[at.id],
        time: cells[at.time],
        variable: cells[at.variable],
        value: cells[at.value],
      };
      // A line without a unit, in a table with a column of units, says none: that is not the unit of the variable.
      yield at.unit < 0 ? record : { ...record, unit: cells[at.unit] ?? "" };
    },
    account() {
      const used = new Set(Object.values(at));
      const unused = headings.filter((_, column) => !used.has(column)).map(({ text }) => text);
      return { empty: 0, unused, ids: [], headed: undefined, time: timeOptions };
    },
  };
}
