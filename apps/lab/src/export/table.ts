/** A value of an exported table; `null` if there is none. */
export type TableValue = string | number | boolean | null;

/** A column of an exported table. Whole numbers are an `integer` only if they fit into 32 bits. */
export interface TableColumn {
  readonly name: string;
  readonly type: "text" | "number" | "integer" | "truth";
}

/** A table whose rows are read part by part, because the rows of all trials may not fit into memory together. */
export interface ExportedTable {
  readonly columns: readonly TableColumn[];
  parts(): AsyncIterable<readonly (readonly TableValue[])[]>;
}

/** A column with the narrowest type that holds all its values. Values of different types become text. */
export function columnOf(name: string, values: readonly TableValue[]): TableColumn {
  const given = values.filter((value) => value !== null);
  const all = (type: string): boolean => given.length > 0 && given.every((value) => typeof value === type);
  if (all("boolean")) return { name, type: "truth" };
  if (!all("number")) return { name, type: "text" };
  return { name, type: given.every((value) => Object.is(Number(value) | 0, value)) ? "integer" : "number" };
}

/** A value as its column holds it. */
export const asColumn = ({ type }: TableColumn, value: TableValue): TableValue =>
  type === "text" && value !== null ? String(value) : value;
