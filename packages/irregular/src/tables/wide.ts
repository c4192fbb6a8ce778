import { TensorError } from "@sluice/tensor";
import { lookUp, shown, suggestion } from "@sluice/tensor/internal";
import type { Variable } from "../records/observations.ts";
import { byName, type RecordSettings } from "../records/options.ts";
import type { RawRecord, UnreadableLine } from "../records/reading.ts";
import { isMissing } from "../records/variables.ts";
import type { Heading } from "./heading.ts";
import { columnOf, withTimeUnit, type HeadedTable, type TableColumns } from "./columns.ts";
import type { TableRecords } from "./table.ts";

/** Records of a table with one time per line and one column per variable. Cells without a value are counted only. */
export function wideRecords(
  operation: string,
  { headings, lines }: HeadedTable,
  given: RecordSettings,
  columns: TableColumns,
): TableRecords {
  const id = columnOf(operation, headings, "id", columns.id);
  // A table of static variables alone needs no time.
  const time = given.variables?.length === 0 ? undefined : columnOf(operation, headings, "time", columns.time);
  const others = headings.filter((_, column) => column !== id && column !== time);
  const settings = withVariables(operation, withTimeUnit(operation, given, headings[time ?? -1]), others);
  const read = headings.flatMap(({ name }, column) =>
    others.some((other) => other.name === name) && isRead(settings, name) ? [{ name, column }] : [],
  );
  const ids: unknown[] = [];
  let empty = 0;
  function* records(): Generator<RawRecord | UnreadableLine> {
    for (const line of lines) {
      if ("unreadable" in line) {
        yield line;
        continue;
      }
      const { cells } = line;
      ids.push(cells[id]);
      for (const { name, column } of read) {
        const value = cells[column];
        if (value === undefined) continue;
        if (isMissing(value, settings.missing)) empty++;
        else
          yield {
            line: line.line,
            id: cells[id],
            ...(time === undefined ? {} : { time: cells[time] }),
            variable: name,
            value,
          };
      }
    }
  }
  return {
    records: records(),
    settings,
    account: () => ({
      empty,
      ids,
      unused: others.filter(({ name }) => !isRead(settings, name)).map(({ text }) => text),
    }),
  };
}

const isRead = ({ staticNamed, variableNamed }: RecordSettings, name: string): boolean =>
  staticNamed.has(name) || variableNamed?.has(name) === true;

/** The settings with all other columns as variables, unless they say which, and with the units of the headings. */
function withVariables(operation: string, settings: RecordSettings, headings: readonly Heading[]): RecordSettings {
  const headed = new Map(headings.map((heading) => [heading.name, heading]));
  const names = [...headed.keys()];
  const missing = [...settings.statics, ...(settings.variables ?? [])].find(({ name }) => !headed.has(name));
  if (missing !== undefined)
    throw new TensorError(
      `${operation}: no column is called ${shown(missing.name)}; ${suggestion(missing.name, names)}`,
    );
  const withUnits = (variables: readonly Variable[]): readonly Variable[] =>
    variables.map((variable) => withUnit(operation, variable, lookUp(headed, variable.name, "no heading")));
  const rest = names.filter((name) => !settings.staticNamed.has(name)).map((name) => ({ name }));
  const statics = withUnits(settings.statics);
  const variables = withUnits(settings.variables ?? rest);
  return { ...settings, statics, staticNamed: byName(statics), variables, variableNamed: byName(variables) };
}

function withUnit(operation: string, variable: Variable, { text, unit }: Heading): Variable {
  if (unit === undefined || unit === variable.unit) return variable;
  if (variable.unit !== undefined)
    throw new TensorError(
      `${operation}: the heading ${shown(text)} has another unit than ${variable.unit}; convert the values, or set unitsInHeader: false`,
    );
  return { ...variable, unit };
}
