import { fileWriter, ParquetWriter, schemaFromColumnData, type BasicType, type ColumnSource } from "hyparquet-writer";
import type { ExportedTable, TableColumn, TableValue } from "./table.ts";

const TYPES: { readonly [type in TableColumn["type"]]: BasicType } = {
  text: "STRING",
  number: "DOUBLE",
  integer: "INT32",
  truth: "BOOLEAN",
};

/** Rows are collected to about so many before they are written as a group. */
const GROUP = 25_000;

/** Writes a Parquet file, and returns the number of rows. */
export async function writeParquet(path: string, { columns, parts }: ExportedTable): Promise<number> {
  const schema = schemaFromColumnData({ columnData: sources(columns, []) });
  const writer = new ParquetWriter({ writer: fileWriter(path), schema });
  let total = 0;
  const write = async (rows: readonly (readonly TableValue[])[]): Promise<void> => {
    await writer.write({ columnData: sources(columns, rows), rowGroupSize: GROUP });
    total += rows.length;
  };
  let waiting: (readonly TableValue[])[] = [];
  for await (const rows of parts()) {
    for (const row of rows) waiting.push(row);
    if (waiting.length < GROUP) continue;
    await write(waiting);
    waiting = [];
  }
  if (waiting.length > 0) await write(waiting);
  await writer.finish();
  return total;
}

const sources = (columns: readonly TableColumn[], rows: readonly (readonly TableValue[])[]): ColumnSource[] =>
  columns.map(({ name, type }, index) => ({
    name,
    type: TYPES[type],
    nullable: true,
    data: rows.map((row) => row[index] ?? null),
  }));
