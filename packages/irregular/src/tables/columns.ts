import { TensorError } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import { timeUnitOf, type TimeOptions } from "../records/time.ts";
import { headingOf, type Heading } from "./heading.ts";

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
  /** Of a long table: the column with the unit of each value. Default: `"unit"`, if there is such a column. */
  readonly unit?: string;
}

/**
 * The headings, and those that these texts add. Throws a TensorError for one that is empty, and for one that occurs
 * twice.
 */
export function moreHeadings(
  operation: string,
  before: readonly Heading[],
  texts: readonly string[],
  units: boolean,
): readonly Heading[] {
  const headings = [...before, ...texts.map((text) => headingOf(text, units))];
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

/** The index of the column with this name, or -1. */
export function columnOf(headings: readonly Heading[], name: string): number {
  return headings.findIndex((heading) => heading.name === name || heading.text === name);
}

/** Throws a TensorError if no column has this name. */
export function checkColumn(
  operation: string,
  headings: readonly Heading[],
  what: keyof TableColumns,
  name: string,
): void {
  if (columnOf(headings, name) >= 0) return;
  const names = headings.map((heading) => heading.name);
  throw new TensorError(
    `${operation}: no column is called ${shown(name)}; set columns.${what}; ${suggestion(name, names)}`,
  );
}

/** How times are read, with numbers in the unit that the heading of the time names. */
export function withTimeUnit(operation: string, time: TimeOptions, heading: Heading | undefined): TimeOptions {
  if (heading?.unit === undefined) return time;
  const unit = timeUnitOf(heading.unit);
  if (time.numbersIn !== undefined && (unit === undefined || unit === time.numbersIn)) return time;
  if (time.numbersIn !== undefined || unit === undefined) {
    const wrong =
      time.numbersIn === undefined ? "set time.numbersIn to a unit of time" : `but time.numbersIn is ${time.numbersIn}`;
    throw new TensorError(
      `${operation}: the heading ${shown(heading.text)} says that times are in ${shown(heading.unit)}; ${wrong}`,
    );
  }
  return { ...time, numbersIn: unit };
}
