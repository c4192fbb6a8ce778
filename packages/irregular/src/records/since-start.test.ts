import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { fromCsv, gridded, sinceStart, takeRows, type CsvOptions } from "../index.ts";

const german: CsvOptions = {
  layout: "wide",
  columns: { id: "Patient", time: "Datum" },
  delimiter: ";",
  decimal: ",",
  time: { unit: "hours", format: "day-month-year" },
  rows: ["b", "a", "none"],
};
const { observations } = fromCsv(
  "\uFEFFPatient;Datum;Temp [C]\r\na;01.02.2024 23:30;36,6\r\na;2.2.2024 01:00;37\r\nb;03.03.2024;38,5\r\n",
  german,
);

test("dates become times since the first of each row; all else stays", () => {
  const moved = sinceStart(observations);
  expect([moved.ids, [...valuesOf(moved.times)], [...valuesOf(moved.offsets)]]).toEqual([
    ["b", "a", "none"],
    [0, 0, 1.5],
    [0, 1, 3, 3],
  ]);
  expect({ ...moved, times: 0 }).toEqual({ ...observations, times: 0 });
  expect(sinceStart(moved)).toEqual(moved);
  const { observations: grid, outside } = gridded(moved, { width: 1, from: 0, to: 2 });
  expect([[...valuesOf(grid.values)], outside]).toEqual([[38.5, NaN, 36.6, 37, NaN, NaN], 0]);
});

test("or since a time that is given for each row", () => {
  const admission = [Date.UTC(2024, 2, 3, 1), Date.UTC(2024, 1, 1), NaN].map((time) => time / 3_600_000);
  expect([...valuesOf(sinceStart(observations, admission).times)]).toEqual([-1, 23.5, 25]);
});

describe("is refused", () => {
  test("without a start for a row", () => {
    expect(() => sinceStart(observations, [1])).toThrow(
      "sinceStart: expected a start for each of 3 rows, in the order of the ids, got 1",
    );
    expect(() => sinceStart(takeRows(observations, [0]), [NaN])).toThrow(
      'sinceStart: the start of "b" is NaN, expected a finite time',
    );
  });
});
