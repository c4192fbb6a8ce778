import type { RecordSettings } from "../records/options.ts";
import type { RawRecord, UnreadableLine } from "../records/reading.ts";
import { columnOf, withTimeUnit, type HeadedTable, type TableColumns } from "./columns.ts";
import type { TableRecords } from "./table.ts";

/** Records of a table with one value per line. */
export function longRecords(
  operation: string,
  { headings, lines }: HeadedTable,
  settings: RecordSettings,
  columns: TableColumns,
): TableRecords {
  const id = columnOf(operation, headings, "id", columns.id);
  const time = columnOf(operation, headings, "time", columns.time);
  const variable = columnOf(operation, headings, "variable", columns.variable);
  const value = columnOf(operation, headings, "value", columns.value);
  const used = new Set([id, time, variable, value]);
  const unused = headings.filter((_, column) => !used.has(column)).map(({ text }) => text);
  function* records(): Generator<RawRecord | UnreadableLine> {
    for (const given of lines) {
      if ("unreadable" in given) yield given;
      else {
        const { line, cells } = given;
        yield { line, id: cells[id], time: cells[time], variable: cells[variable], value: cells[value] };
      }
    }
  }
  return {
    records: records(),
    settings: withTimeUnit(operation, settings, headings[time]),
    account: () => ({ empty: 0, unused, ids: [] }),
  };
}
