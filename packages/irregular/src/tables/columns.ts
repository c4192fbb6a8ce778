import { TensorError } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import type { RecordSettings } from "../records/options.ts";
import { timeUnitOf } from "../records/time.ts";
import { headingOf, type Heading } from "./heading.ts";
import type { Table } from "./table.ts";

/** Which columns hold what. */
export interface TableColumns {
  /** Default `"id"`. */
  readonly id?: string;
  /** Default `"time"`. */
  readonly time?: string;
  /** Of a long table: the column with the names of the variables. Default `"variable"`. */
  readonly variable?: string;
  /** Of a long table. Default `"value"`. */
  readonly value?: string;
}

/** A table whose headings are read. */
export interface HeadedTable {
  readonly headings: readonly Heading[];
  readonly lines: Table["lines"];
}

/** Reads the headings. Throws a TensorError for one that is empty or occurs twice. */
export function headingsOf(operation: string, texts: readonly string[], units: boolean): readonly Heading[] {
  const headings = texts.map((text) => headingOf(text, units));
  const names = headings.map(({ name }) => name);
  const empty = names.indexOf("");
  if (empty >= 0) throw new TensorError(`${operation}: column ${empty + 1} has no heading`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TensorError(
      `${operation}: two columns are called ${shown(twice)}${units ? "; if what follows the name is not a unit, set unitsInHeader: false" : ""}`,
    );
  return headings;
}

/** The index of the column with this name. Throws a TensorError if there is none. */
export function columnOf(
  operation: string,
  headings: readonly Heading[],
  what: keyof TableColumns,
  name: string = what,
): number {
  const at = headings.findIndex((heading) => heading.name === name || heading.text === name);
  if (at >= 0) return at;
  const names = headings.map((heading) => heading.name);
  throw new TensorError(
    `${operation}: no column is called ${shown(name)}; set columns.${what}; ${suggestion(name, names)}`,
  );
}

/** The settings, with numbers in the unit that the heading of the time names. */
export function withTimeUnit(
  operation: string,
  settings: RecordSettings,
  heading: Heading | undefined,
): RecordSettings {
  if (heading?.unit === undefined) return settings;
  const { time } = settings;
  const unit = timeUnitOf(heading.unit);
  if (time.numbersIn !== undefined && (unit === undefined || unit === time.numbersIn)) return settings;
  if (time.numbersIn !== undefined || unit === undefined)
    throw new TensorError(
      `${operation}: the heading ${shown(heading.text)} says that times are in ${shown(heading.unit)}; ${time.numbersIn === undefined ? "set time.numbersIn to a unit of time" : `but time.numbersIn is ${time.numbersIn}`}`,
    );
  return { ...settings, time: { ...time, numbersIn: unit } };
}
