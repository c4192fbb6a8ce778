import { expect, test } from "vitest";
import { duration, fitted, layLists, layTable, shortNumber, type Column } from "./layout.ts";

interface Row {
  readonly name: string;
  readonly value: string;
  readonly extra: string;
}

const columns: Column<Row>[] = [
  { title: "name", align: "left", keep: 3, most: 8, cell: (row) => row.name },
  { title: "value", align: "right", keep: 2, cell: (row) => row.value },
  { title: "extra", align: "right", keep: 1, cell: (row) => row.extra },
];
const rows = [
  { name: "gru", value: "1.25", extra: "7" },
  { name: "a very long name", value: "12.5", extra: "12345678" },
];

test("columns are aligned, and long cells cut", () => {
  expect(layTable(columns, rows, 80)).toEqual([
    "name      value     extra",
    "gru        1.25         7",
    "a very …   12.5  12345678",
  ]);
});

test("in a narrow terminal the least wanted columns go, which a line below says, and no row is wider", () => {
  expect(layTable(columns, rows, 20)).toEqual([
    "name      value",
    "gru        1.25",
    "a very …   12.5",
    "(too narrow for:",
    "  extra)",
  ]);
  for (const width of [1, 5, 9, 14]) {
    for (const line of fitted(columns, rows, { width }).lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(layTable(columns, rows, width).join(" ")).toContain("extra)");
  }
});

test("rows that are too wide for a table are lists without a missing column", () => {
  expect(layLists(columns.slice(0, 2), rows.slice(0, 1), 12)[0]).toBe("row 1 of 1");
  const hash: Column<string>[] = [
    { title: "id", align: "left", keep: 0, cell: (row) => row },
    { title: "what it is", align: "left", keep: 0, cell: () => "a short one" },
  ];
  expect(layLists(hash, ["abcdefghijkl", "m"], 20)).toEqual([
    "row 1 of 2",
    "id          abcdefgh",
    "            ijkl",
    "what it is  a short",
    "            one",
    "",
    "row 2 of 2",
    "id          m",
    "what it is  a short",
    "            one",
  ]);
});

test("columns keep their width for rows that are not shown, and for values to come", () => {
  const few = fitted(columns, rows.slice(0, 1), { width: 80, measured: rows });
  expect(few.lines).toEqual(layTable(columns, rows, 80).slice(0, 2));
  const wide = columns.map((column) => ({ ...column, least: 9 }));
  expect(fitted(wide, [], { width: 80 }).lines).toEqual(["name           value      extra"]);
});

test("live figures are short", () => {
  expect([0.12345, 96.78, 12345.6, 0, 1e-9, Number.NaN, undefined].map(shortNumber)).toEqual([
    "0.1235",
    "96.78",
    "12346",
    "0.000",
    "1.0e-9",
    "NaN",
    "",
  ]);
  expect([0, 59.6, 61, 3725].map(duration)).toEqual(["0:00", "1:00", "1:01", "1:02:05"]);
});
