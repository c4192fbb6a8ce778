import { TensorError } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import type { RecordSettings } from "../records/options.ts";
import { conversionOf } from "../records/units.ts";
import { isMissing } from "../records/variables.ts";
import { checkColumn, columnOf, withTimeUnit, type TableColumns } from "./columns.ts";
import type { Heading } from "./heading.ts";
import type { Layout } from "./table.ts";

/** A column whose cells are values. */
interface ValueColumn extends Heading {
  readonly column: number;
}

/**
 * A table with one time per line and one column per variable. Cells without a value are counted only. If `sorted`, the
 * columns are read in the order of their headings.
 */
export function wideLayout(
  operation: string,
  settings: RecordSettings,
  columns: TableColumns,
  sorted: boolean,
): Layout {
  const { id = "id", time = "time" } = columns;
  // A table of static variables alone needs no time.
  const needsTime = settings.variables?.length !== 0;
  const ids = new Set<unknown>();
  let headings: readonly Heading[] = [];
  let [idAt, timeAt] = [-1, -1];
  let others: readonly ValueColumn[] = [];
  let read: readonly ValueColumn[] = [];
  let timeOptions = settings.time;
  let empty = 0;
  const isRead = ({ name }: Heading): boolean =>
    settings.staticNamed.has(name) || settings.variableNamed === undefined || settings.variableNamed.has(name);
  return {
    head(given) {
      headings = given;
      [idAt, timeAt] = [columnOf(headings, id), needsTime ? columnOf(headings, time) : -1];
      timeOptions = withTimeUnit(operation, settings.time, headings[timeAt]);
      others = headings
        .map((heading, column) => ({ ...heading, column }))
        .filter(({ column }) => column !== idAt && column !== timeAt);
      if (sorted) others = others.toSorted((a, b) => (a.text < b.text ? -1 : 1));
      read = others.filter(isRead);
      for (const heading of read) checkUnit(operation, settings, heading);
    },
    checkHeadings() {
      checkColumn(operation, headings, "id", id);
      if (needsTime) checkColumn(operation, headings, "time", time);
      const names = others.map(({ name }) => name);
      const missing = [...settings.statics, ...(settings.variables ?? [])].find(({ name }) => !names.includes(name));
      if (missing !== undefined)
        throw new TensorError(
          `${operation}: no column is called ${shown(missing.name)}; ${suggestion(missing.name, names)}`,
        );
    },
    *records({ line, cells }) {
      ids.add(cells[idAt]);
      const place = { line, id: cells[idAt], ...(needsTime ? { time: cells[timeAt] } : {}) };
      for (const { name, column, unit } of read) {
        const value = cells[column];
        if (value === undefined) continue;
        if (isMissing(value, settings.missing)) empty++;
        else yield unit === undefined ? { ...place, variable: name, value } : { ...place, variable: name, value, unit };
      }
    },
    account: () => ({
      empty,
      ids,
      unused: others.filter((heading) => !isRead(heading)).map(({ text }) => text),
      headed: others.map(({ name, unit }) => (unit === undefined ? { name } : { name, unit })),
      time: timeOptions,
    }),
  };
}

/** Throws a TensorError if a heading has another unit than its variable, and no conversion is declared. */
function checkUnit(operation: string, settings: RecordSettings, { name, text, unit }: Heading): void {
  const wanted = (settings.staticNamed.get(name) ?? settings.variableNamed?.get(name))?.unit;
  if (unit === undefined || wanted === undefined || unit === wanted) return;
  if (conversionOf(settings.conversions, name, unit) !== undefined) return;
  throw new TensorError(
    `${operation}: the heading ${shown(text)} has another unit than ${wanted}; declare it in conversions, or set unitsInHeader: false`,
  );
}
