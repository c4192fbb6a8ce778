import { TensorError } from "@sluice/tensor";
import { checkList, checkOptions, shown } from "@sluice/tensor/internal";
import { finiteNumber, type DecimalMark } from "./number.ts";
import type { Variable } from "./observations.ts";

/** Variables given by name or in full. Throws a TensorError for a name that is empty or occurs twice. */
export function variablesFrom(
  operation: string,
  option: string,
  given: readonly (string | Variable)[],
): readonly Variable[] {
  checkList(operation, option, given, '["heart rate", { name: "weight", unit: "kg" }]');
  const variables = given.map((variable) => (typeof variable === "string" ? { name: variable } : variable));
  variables.forEach((variable, i) => {
    checkOptions(`${operation}: ${option}[${i}]`, variable, ["name", "unit", "categories"], { levels: "categories" });
    const { name, categories } = variable;
    if (typeof name !== "string" || name.trim() === "")
      throw new TensorError(`${operation}: ${option}[${i}] has the name ${shown(name)}, expected a text`);
    if (categories === undefined) return;
    checkList(operation, `categories of ${name}`, categories, '["f", "m"]');
    const twice = categories.find((category, at) => categories.indexOf(category) !== at);
    if (twice !== undefined) throw new TensorError(`${operation}: ${name} has the category ${shown(twice)} twice`);
  });
  const names = variables.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new TensorError(`${operation}: ${option} has ${shown(twice)} twice`);
  return variables;
}

/** Texts that say that there is no value, unless `missing` says otherwise. */
export const usuallyMissing: readonly string[] = ["", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"];

/** Whether a value is absent: undefined, null, NaN, or one of the `missing` texts. */
export function isMissing(value: unknown, missing: ReadonlySet<string>): boolean {
  if (value === undefined || value === null || Number.isNaN(value)) return true;
  return (typeof value === "string" || typeof value === "number") && missing.has(String(value).trim());
}

/** The number that stands for a value of this variable, or undefined if it is not one. */
export function valueOf({ categories }: Variable, value: unknown, decimal: DecimalMark): number | undefined {
  if (categories === undefined) return finiteNumber(value, decimal);
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const index = categories.indexOf(String(value).trim());
  return index < 0 ? undefined : index;
}

/** Texts in an order that no locale changes: as numbers if all are, otherwise by code units. */
export function inOrder(texts: readonly string[]): string[] {
  const numeric = texts.every((text) => finiteNumber(text) !== undefined);
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return texts.toSorted(numeric ? (a, b) => Number(a) - Number(b) || byText(a, b) : byText);
}
