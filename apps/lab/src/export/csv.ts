import type { ExportedTable, TableValue } from "./table.ts";

/** The lines of a CSV file as RFC 4180 defines it, but for the ends of lines, which are `\n`. The first has the names. */
export async function* csvLines({ columns, parts }: ExportedTable): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => field(name)).join(",")}\n`;
  for await (const rows of parts())
    for (let first = 0; first < rows.length; first += 1000)
      yield rows
        .slice(first, first + 1000)
        .map((row) => `${row.map(field).join(",")}\n`)
        .join("");
}

/** A missing value is an empty field, and an empty text a quoted one. Numbers have all their digits. */
function field(value: TableValue): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
