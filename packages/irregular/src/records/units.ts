import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { Variable } from "./observations.ts";
import { placeOf } from "./report.ts";

/** How a value becomes one in the unit of its variable: `value * factor + offset`. */
export interface UnitConversion {
  readonly factor: number;
  /** Default 0. */
  readonly offset?: number;
}

/** Conversions by variable, and by the unit of the value. */
export type Conversions = Readonly<Record<string, Readonly<Record<string, UnitConversion>>>>;

/** How many values were converted. */
export interface Converted {
  readonly variable: string;
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** Throws a TensorError if a conversion is not one, or if it is for a variable that says no unit to convert to. */
export function checkConversions(operation: string, conversions: Conversions, variables: readonly Variable[]): void {
  const example = '{ glucose: { "mg/dl": { factor: 0.0555 } } }';
  if (typeof conversions !== "object" || conversions === null || Array.isArray(conversions))
    throw new TensorError(`${operation}: conversions is ${shown(conversions)}, expected an object, such as ${example}`);
  for (const [name, units] of Object.entries(conversions)) {
    const variable = variables.find((other) => other.name === name);
    if (variable?.unit === undefined || variable.categories !== undefined)
      throw new TensorError(
        `${operation}: conversions has ${shown(name)}, which has no unit to convert to; write { name: ${shown(name)}, unit: ... } in variables or statics`,
      );
    if (typeof units !== "object" || units === null)
      throw new TensorError(`${operation}: conversions of ${name} is ${shown(units)}, expected such as ${example}`);
    for (const [unit, conversion] of Object.entries(units)) {
      const what = `${operation}: conversions of ${name} from ${unit}`;
      checkOptions(what, conversion, ["factor", "offset"], { scale: "factor", add: "offset" });
      const { factor, offset = 0 } = conversion;
      if (!Number.isFinite(factor) || factor === 0 || !Number.isFinite(offset))
        throw new TensorError(
          `${what}: factor is ${shown(factor)} and offset ${shown(offset)}, expected finite numbers, factor not 0`,
        );
    }
  }
}

/** The declared conversion of a variable from a unit, or undefined. */
export function conversionOf(conversions: Conversions, name: string, unit: string): UnitConversion | undefined {
  const units = Object.hasOwn(conversions, name) ? conversions[name] : undefined;
  return units !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
}

/** The text of a unit. An absent or empty one is "". */
export function unitText(given: unknown): string {
  return typeof given === "string" || typeof given === "number" ? String(given).trim() : "";
}

/** A value with the unit that its record names, if it names one. */
interface Measured {
  readonly variable: string;
  readonly unit?: string;
  readonly convertedFrom?: string;
  readonly record: number;
  readonly line?: number;
}

/** What is known of units after some records. */
export interface SeenUnits {
  /** Throws a TensorError if a variable without a declared unit has values in two units. */
  add(reading: Measured): void;
  /** The unit in which the values of a variable were, if its records say one. */
  of(name: string): string | undefined;
  converted(): readonly Converted[];
}

/** Keeps account of the units of the records. */
export function seenUnits(operation: string, unitOf: (name: string) => string | undefined): SeenUnits {
  const found = new Map<string, Measured & { readonly unit: string }>();
  const counts = new Map<string, Converted>();
  return {
    add(reading) {
      const { variable, unit, convertedFrom } = reading;
      if (convertedFrom !== undefined) {
        const id = JSON.stringify([variable, convertedFrom]);
        const count = (counts.get(id)?.count ?? 0) + 1;
        counts.set(id, { variable, from: convertedFrom, to: unitOf(variable) ?? "", count });
      }
      if (unit === undefined || unitOf(variable) !== undefined) return;
      const first = found.get(variable);
      if (first === undefined) found.set(variable, { ...reading, unit });
      else if (first.unit !== unit)
        throw new TensorError(
          `${operation}: ${variable} ${inUnit(first.unit)} in ${placeOf(first)} and ${inUnit(unit)} in ${placeOf(reading)}; name the unit that you want in variables, and convert the other one with conversions`,
        );
    },
    of: (name) => found.get(name)?.unit || undefined,
    converted: () => [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, converted]) => converted),
  };
}

const inUnit = (unit: string): string => (unit === "" ? "has no unit" : `is in ${shown(unit)}`);
