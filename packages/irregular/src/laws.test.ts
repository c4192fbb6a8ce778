/** What holds of any data with any mix of faults, and of any view of a view. */
import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventTime,
  fromCsv,
  fromJsonLines,
  fromRecords,
  gridded,
  lengthsOf,
  observedCount,
  takeRows,
  windowed,
  type FromRecords,
  type Observations,
  type ObservedRecord,
  type RecordOptions,
  type Statistic,
} from "./index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];

/** A line of a long table. Each of its cells may be at fault. */
interface Line {
  readonly id: string;
  readonly time: string;
  readonly variable: string;
  readonly value: string;
  readonly unit: string;
}

const either = (good: readonly string[], bad: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });
const anyLine: fc.Arbitrary<Line> = fc.record({
  id: either(["a", "b", "7"], ["", "NA", "stranger"]),
  time: either(["0", "1", "1.5", "-2e1"], ["", "soon", "12:30", "2024-01-01", "1e999"]),
  variable: either(["x", "y", "age", "sex"], ["", "z"]),
  value: either(["1", "2.5", "-0", "f"], ["", "NA", "1,5", "0x10", "inf", "1e308"]),
  unit: either(["kg"], ["", "g", "lb", "stone"]),
});

const options: RecordOptions = {
  time: { unit: "hours", format: "number" },
  variables: [{ name: "x", unit: "kg" }, "y"],
  statics: ["age", { name: "sex", categories: ["f", "m"] }],
  rows: ["b", "a", "7", "nobody"],
  sameTime: "mean",
  conversions: { x: { g: { factor: 1e-3 }, lb: { factor: 1e10 } } },
};
/** Only x has a unit; the others say none, as a table with a column of units may. */
const withUnits = (lines: readonly Line[]): Line[] =>
  lines.map((line) => (line.variable === "x" ? line : { ...line, unit: "" }));

const csvOf = (lines: readonly Line[], ends = ""): string =>
  [
    "id,time,variable,value,unit",
    ...lines.map(({ id, time, variable, value, unit }) => `${id},${time},${variable},"${value}",${unit}${ends}`),
  ].join("\n");

/** Every record has one fate: it is kept, empty, a repetition, or a problem. */
function checkAccount({ observations, report }: FromRecords): void {
  const { read, kept, empty, repeated, problems } = report;
  expect(read).toBe(kept + empty + repeated + problems.length);
  const known = list(observations.statics.mask).filter((is) => is === 1).length;
  expect(kept).toBe(observedCount(observations) + known);
  expect(new Set(problems.map(({ record }) => record)).size).toBe(problems.length);
}

describe("records in = out + reported", () => {
  test("a long table with any mix of faults, in CSV, JSON lines and records", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 40 }), (given) => {
        const lines = withUnits(given);
        const result = fromCsv(csvOf(lines), { ...options, layout: "long" });
        checkAccount(result);
        expect(result.report.read).toBe(lines.length);
        // A record stands in the line after that of the one before it; the header is line 1.
        for (const { record, line } of result.report.problems) expect(line).toBe(record + 2);
        const json = lines.map((line) => JSON.stringify(line)).join("\n");
        const other = { observations: result.observations, faults: result.report.problems.map(({ fault }) => fault) };
        for (const found of [
          ...(lines.length === 0 ? [] : [fromJsonLines(json, { ...options, layout: "long" })]),
          fromRecords(lines, options),
        ])
          expect({ observations: found.observations, faults: found.report.problems.map(({ fault }) => fault) }).toEqual(
            other,
          );
      }),
    );
  });

  test("a wide table with any mix of faults, in any order of lines and columns", () => {
    const cell = either(["1", "2.5", "-3e2"], ["", "NA", "oops", "1e999"]);
    const anyRow = fc.record({
      id: either(["a", "b"], ["", "NA"]),
      time: either(["0", "1", "2"], ["", "late"]),
      x: cell,
      y: cell,
      age: either(["61"], ["", "47", "?"]),
      more: fc.constantFrom("", ",1"),
    });
    const given = fc
      .array(anyRow, { minLength: 1, maxLength: 25 })
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
    fc.assert(
      fc.property(given, ([rows, shuffled]) => {
        type Row = (typeof rows)[number];
        const csv = (lines: readonly Row[], columns: readonly (keyof Row)[]): string =>
          [columns.join(","), ...lines.map((row) => columns.map((name) => row[name]).join(",") + row.more)].join("\n");
        const read = (text: string): FromRecords =>
          fromCsv(text, {
            layout: "wide",
            time: { unit: "hours", format: "number" },
            variables: ["x", "y"],
            statics: ["age"],
            sameTime: "mean",
          });
        const result = read(csv(rows, ["id", "time", "age", "x", "y"]));
        checkAccount(result);
        // A line that is whole has three cells that are no places; another one is a problem itself.
        expect(result.report.read).toBe(rows.reduce((sum, { more }) => sum + (more === "" ? 3 : 1), 0));
        expect(read(csv(shuffled, ["y", "age", "time", "x", "id"])).observations).toEqual(result.observations);
      }),
    );
  });

  test("any order of the lines gives the same bits", () => {
    const given = fc
      .array(anyLine, { maxLength: 30 })
      .chain((lines) => fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })));
    fc.assert(
      fc.property(given, ([lines, shuffled]) => {
        const [a, b] = [lines, shuffled].map((some) => fromCsv(csvOf(withUnits(some)), { ...options, layout: "long" }));
        expect(b!.observations).toEqual(a!.observations);
        const bytes = ({ values, times }: Observations): Uint8Array[] =>
          [values, times].map(({ data }) => new Uint8Array(data.buffer));
        expect(bytes(b!.observations)).toEqual(bytes(a!.observations));
        expect([b!.report.kept, b!.report.repeated, b!.report.converted]).toEqual([
          a!.report.kept,
          a!.report.repeated,
          a!.report.converted,
        ]);
      }),
    );
  });
});

const anyData: fc.Arbitrary<Observations> = fc
  .array(
    fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      time: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ min: -20, max: 20, noNaN: true })),
      variable: fc.constantFrom("x", "y", "age"),
      value: fc.integer({ min: -99, max: 99 }),
    }),
    { maxLength: 50 },
  )
  .map(
    (records: ObservedRecord[]) =>
      fromRecords(records, {
        time: { unit: "hours" },
        sameTime: "last",
        variables: ["x", "y"],
        statics: ["age"],
        rows: ["a", "b", "c", "d"],
      }).observations,
  );
const anyRows = fc.shuffledSubarray([0, 1, 2, 3]);
const anyWidth = fc.constantFrom(0.25, 0.5, 1, 2, 8);

describe("a view of a view", () => {
  test("a coarse grid of a fine one is the coarse grid", () => {
    const composed: fc.Arbitrary<[Statistic, Statistic]> = fc.constantFrom(
      ...(["sum", "min", "max", "first", "last"] as const).map((s): [Statistic, Statistic] => [s, s]),
      ["count", "sum"],
    );
    fc.assert(
      fc.property(anyData, anyWidth, fc.integer({ min: 1, max: 5 }), composed, (data, width, times, [inner, outer]) => {
        const fine = gridded(data, { width, statistic: inner });
        const coarse = gridded(fine.observations, { width: width * times, statistic: outer });
        expect(coarse.observations).toEqual(gridded(data, { width: width * times, statistic: inner }).observations);
        expect(coarse.outside).toBe(0);
      }),
    );
  });

  test("windows of windows divide them, and rows lead back to the data", () => {
    fc.assert(
      fc.property(anyData, anyWidth, anyWidth, (data, length, inner) => {
        const outer = windowed(data, { length });
        const both = windowed(outer.observations, { length: inner });
        expect(both.outside).toBe(0);
        for (const member of ["times", "values", "mask"] as const)
          expect(both.observations[member]).toEqual(data[member]);
        both.rows.forEach((window, i) => {
          const row = outer.rows[window]!;
          expect(both.observations.ids[i]).toMatch(new RegExp(`^${data.ids[row]}#\\d+#\\d+$`));
          const [from, to] = [both.observations.offsets.data[i]!, both.observations.offsets.data[i + 1]!];
          expect(from).toBeGreaterThanOrEqual(outer.observations.offsets.data[window]!);
          expect(to).toBeLessThanOrEqual(outer.observations.offsets.data[window + 1]!);
          const times = list(data.times).slice(from, to);
          if (times.length > 0) expect(times.at(-1)! - times[0]!).toBeLessThan(Math.min(length, inner) * (1 + 1e-12));
        });
      }),
    );
  });

  test("event time of a grid has its width between steps, and event time of windows begins anew", () => {
    fc.assert(
      fc.property(anyData, anyWidth, (data, width) => {
        const grid = gridded(data, { width }).observations;
        const batch = eventTime(grid, { dtype: "f64" });
        const starts = new Set(list(batch.offsets));
        expect(list(batch.elapsed!)).toEqual(list(batch.elapsed!).map((_, step) => (starts.has(step) ? 0 : width)));
        expect([batch.values, batch.mask]).toEqual([grid.values, grid.mask]);
        const cut = eventTime(windowed(data, { length: width }).observations, { dtype: "f64" });
        const whole = eventTime(data, { dtype: "f64" });
        const begins = new Set(list(cut.offsets));
        expect(list(cut.elapsed!)).toEqual(list(whole.elapsed!).map((dt, step) => (begins.has(step) ? 0 : dt)));
        expect(cut.values).toEqual(whole.values);
      }),
    );
  });

  test("the view of some rows is those rows of the view, in any order", () => {
    fc.assert(
      fc.property(anyData, anyRows, anyWidth, (data, rows, width) => {
        const some = takeRows(data, rows);
        expect(gridded(some, { width }).observations).toEqual(takeRows(gridded(data, { width }).observations, rows));
        const windows = windowed(data, { length: width });
        const own = rows.flatMap((row) => [...windows.rows.keys()].filter((i) => windows.rows[i] === row));
        expect(windowed(some, { length: width }).observations).toEqual(takeRows(windows.observations, own));
        const lengths = list(lengthsOf(eventTime(data, { dtype: "f64" })));
        expect(list(lengthsOf(eventTime(some, { dtype: "f64" })))).toEqual(rows.map((row) => lengths[row]));
      }),
    );
  });
});
