import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fromRecords,
  joinObservations,
  observedCount,
  reportLines,
  takeRows,
  type Observations,
  type ObservedRecord,
  type RecordOptions,
  type RecordsReport,
} from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];
const hours: RecordOptions = { time: { unit: "hours" } };

/** Every observed value as `id variable @ time = value`. */
function factsOf({ ids, variables, offsets, times, values, mask }: Observations): string[] {
  return ids.flatMap((id, row) =>
    list(times)
      .slice(offsets.data[row], offsets.data[row + 1])
      .flatMap((time, step) =>
        variables.flatMap(({ name }, v) => {
          const at = (offsets.data[row]! + step) * variables.length + v;
          expect(Number.isNaN(values.data[at])).toBe(mask.data[at] === 0);
          return mask.data[at] === 1 ? [`${id} ${name} @ ${time} = ${values.data[at]}`] : [];
        }),
      ),
  );
}

const faultsOf = (report: RecordsReport): string[] =>
  report.problems.map(({ fault, record, text }) => `${record} ${fault}: ${text}`);

const record = (
  id: string | number,
  time: string | number,
  variable: string,
  value: ObservedRecord["value"],
): ObservedRecord => ({ id, time, variable, value });

test("records in any order become rows of steps in the order of time", () => {
  const { observations, report } = fromRecords(
    [
      record("b", 3, "heart rate", 90),
      record("a", 2, "weight", "70.5"),
      record("a", 0.5, "heart rate", 80),
      record("a", 2, "heart rate", -1),
    ],
    { ...hours, variables: [{ name: "heart rate", unit: "bpm" }, "weight"] },
  );
  expect(observations.ids).toEqual(["a", "b"]);
  expect(observations.variables).toEqual([{ name: "heart rate", unit: "bpm" }, { name: "weight" }]);
  expect([list(observations.offsets), list(observations.times)]).toEqual([
    [0, 2, 3],
    [0.5, 2, 3],
  ]);
  expect(list(observations.values)).toEqual([80, NaN, -1, 70.5, 90, NaN]);
  expect(list(observations.mask)).toEqual([1, 0, 1, 1, 1, 0]);
  expect(report).toEqual({
    read: 4,
    kept: 4,
    empty: 0,
    repeated: 0,
    problems: [],
    time: { format: "number", recognised: true, unit: "hours" },
    converted: [],
    unused: [],
  });
});

test("what cannot be read is in the report, and its row stays", () => {
  const { observations, report } = fromRecords(
    [
      record("a", 0, "x", 1),
      record("b", 0, "x", ""),
      record("b", 1, "x", "12 mg"),
      record("b", "soon", "x", 2),
      record("b", 1, "y", 2),
      record(" ", 1, "x", 2),
      record("NA", 1, "x", 2),
      record("c", 1, "x", 2),
      record("a", 2, "", 2),
      record("a", 3, "x", Infinity),
      { ...record("a", 4, "x", "0x10"), line: 77 },
    ],
    { ...hours, variables: ["x"], rows: ["b", "a", 5] },
  );
  expect(observations.ids).toEqual(["b", "a", "5"]);
  expect(factsOf(observations)).toEqual(["a x @ 0 = 1"]);
  expect(faultsOf(report)).toEqual([
    '1 empty: x has no value ("")',
    '2 value: x is "12 mg", expected a finite number',
    '3 time: the time is "soon", expected a finite number',
    '4 variable: "y" is not one of the variables',
    '5 id: the id is " ", expected a text or a number',
    '6 id: the id is "NA", expected a text or a number',
    '7 unknown row: "c" is not one of the rows',
    '8 variable: the variable is "", expected a name',
    "9 value: x is Infinity, expected a finite number",
    '10 value: x is "0x10", expected a finite number',
  ]);
  expect(report.problems.at(-1)!.line).toBe(77);
  expect(reportLines(report, { examples: 1 })).toEqual([
    "11 records: 1 kept, 0 empty cells, 0 repeated static values, 10 reported",
    "times: number (recognised), in hours",
    "empty: 1",
    '  record 1: x has no value ("")',
    "value: 3",
    '  record 2: x is "12 mg", expected a finite number',
    "time: 1",
    '  record 3: the time is "soon", expected a finite number',
    "variable: 2",
    '  record 4: "y" is not one of the variables',
    "id: 2",
    '  record 5: the id is " ", expected a text or a number',
    "unknown row: 1",
    '  record 7: "c" is not one of the rows',
  ]);
});

describe("several values of one time", () => {
  const given = [record("a", 1, "x", 4), record("a", 1, "x", 1), record("a", 1, "x", 4), record("a", 2, "x", 7)];
  test.each([
    ["mean", 3],
    ["first", 4],
    ["last", 4],
  ] as const)("%s", (sameTime, value) => {
    const { observations, report } = fromRecords(given, { ...hours, sameTime });
    expect(factsOf(observations)).toEqual([`a x @ 1 = ${value}`, "a x @ 2 = 7"]);
    expect(report.problems.map(({ fault, record: n }) => [fault, n])).toEqual(
      (sameTime === "last" ? [0, 1] : [1, 2]).map((n) => ["same time", n]),
    );
  });

  test("error is the default, and equal values are none", () => {
    expect(() => fromRecords(given, hours)).toThrow(
      'fromRecords: x of "a" at 1 is 4 in record 0 and 1 in record 1; choose a rule with sameTime: mean, first or last',
    );
    const { report } = fromRecords([...given.slice(2), given[0]!], hours);
    expect(faultsOf(report)).toEqual(['2 duplicate: x of "a" at 1 is 4, as in record 0']);
  });

  test("a mean of values whose sum is not finite", () => {
    const large = [record("a", 1, "x", 1.5e308), record("a", 1, "x", 1e308)];
    expect(fromRecords(large, { ...hours, sameTime: "mean" }).observations.values.data[0]).toBe(1.25e308);
  });
});

test("static values stand beside, need no time, and may repeat", () => {
  const { observations, report } = fromRecords(
    [
      { id: 10, variable: "sex", value: "f" },
      { id: 9, variable: "sex", value: "m" },
      record(10, 1, "sex", "f"),
      record(10, 1, "x", 1),
      { id: 9, variable: "sex", value: "other" },
    ],
    { ...hours, statics: [{ name: "sex", categories: ["f", "m"] }, "age"] },
  );
  // Ids that are numbers are sorted as numbers.
  expect(observations.ids).toEqual(["9", "10"]);
  expect(observations.variables).toEqual([{ name: "x" }]);
  expect(list(observations.statics.values)).toEqual([1, NaN, 0, NaN]);
  expect(list(observations.statics.mask)).toEqual([1, 0, 1, 0]);
  expect(report).toMatchObject({ read: 5, kept: 3, repeated: 1 });
  expect(faultsOf(report)).toEqual(['4 value: sex is "other", expected f, m']);
});

describe("times", () => {
  const timesOf = (
    written: readonly (string | number)[],
    time: RecordOptions["time"],
  ): [string, number[], (number | undefined)[]] => {
    const { observations, report } = fromRecords(
      written.map((t, i) => record(i, t, "x", 1)),
      { time },
    );
    const bad = report.problems.map(({ record: n }) => n);
    return [report.time.format, list(observations.times), bad];
  };

  test("numbers, with or without another unit", () => {
    expect(timesOf([1, "2.5", -30, "1e2"], { unit: "hours" })).toEqual(["number", [1, 2.5, -30, 100], []]);
    expect(timesOf([90, "30"], { unit: "hours", numbersIn: "minutes" })).toEqual(["number", [1.5, 0.5], []]);
    // 1/3 hour is one rounding from 20 minutes.
    expect(timesOf([20], { unit: "hours", numbersIn: "minutes" })[1]).toEqual([1 / 3]);
  });

  test("clock times, beyond a day too", () => {
    expect(timesOf(["00:07", "47:30", "7:00:36", "24:60", "1:5", "-1:00"], { unit: "hours" })).toEqual([
      "clock",
      [7 / 60, 47.5, 7.01],
      [3, 4, 5],
    ]);
  });

  test("ISO dates are what Date says, where Date is exact", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(-6e13), max: new Date(2.5e14), noInvalidDate: true }), (date) => {
        expect(timesOf([date.toISOString()], { unit: "milliseconds" })).toEqual(["iso", [date.getTime()], []]);
        const day = date.toISOString().slice(0, 10);
        expect(timesOf([day], { unit: "days" })[1]).toEqual([Math.floor(date.getTime() / 86_400_000)]);
      }),
    );
  });

  test("ISO dates in other forms; without a zone they are UTC", () => {
    const at = Date.UTC(2024, 1, 29, 13, 30);
    const written = [
      "2024-02-29T13:30",
      "2024-02-29 13:30:00Z",
      "2024-02-29T14:30+01:00",
      "2024-02-29T08:00-0530",
      "2024-02-29T13:30:00.0005",
    ];
    expect(timesOf(written, { unit: "milliseconds" })).toEqual(["iso", [at, at, at, at, at + 0.5], []]);
  });

  test("no day that does not exist, and no other order of day and month", () => {
    const wrong = ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "01-02-2024", "2024-1-2"];
    const clock = ["2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:60", "2024-01-01T10:00 CET", "1/2/2024"];
    const [, , bad] = timesOf(["2024-01-01", ...wrong, ...clock], { unit: "days" });
    expect(bad).toEqual([...wrong, ...clock].map((_, i) => i + 1));
  });

  test("other dates are what Date.UTC says, in the order that is named", () => {
    const two = (n: number): string => String(n).padStart(2, "0");
    fc.assert(
      fc.property(
        fc.date({ min: new Date(Date.UTC(1000, 0, 1)), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true }),
        fc.constantFrom(".", "/", "-"),
        fc.boolean(),
        (date, mark, padded) => {
          const [day, month] = [date.getUTCDate(), date.getUTCMonth() + 1].map((n) => (padded ? two(n) : String(n)));
          const year = String(date.getUTCFullYear());
          const clock = `${date.getUTCHours()}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
          const wanted = Math.floor(date.getTime() / 1000);
          for (const [format, parts] of [
            ["day-month-year", [day, month, year]],
            ["month-day-year", [month, day, year]],
          ] as const) {
            const days = parts.join(mark);
            expect(timesOf([`${days} ${clock}`], { unit: "seconds", format })).toEqual([format, [wanted], []]);
            expect(timesOf([days], { unit: "days", format })[1]).toEqual([Math.floor(wanted / 86_400)]);
          }
        },
      ),
    );
  });

  test("other dates that do not exist, are short or are of another order are reported", () => {
    const wrong = [
      "31.04.2024",
      "29.02.2023",
      "12/31/2024",
      "1.2.24",
      "1.2/2024",
      "1.2.2024 24:00",
      "1.2.2024 8",
      "0.1.2024",
    ];
    const [, times, bad] = timesOf(["1.2.2024 08:30", ...wrong], { unit: "hours", format: "day-month-year" });
    expect([times, bad]).toEqual([[Date.UTC(2024, 1, 1, 8, 30) / 3_600_000], wrong.map((_, i) => i + 1)]);
    // Not named, they are not read.
    expect(timesOf(["2024-01-01", "1.2.2024"], { unit: "days" })[2]).toEqual([1]);
  });

  test("the format of most times is recognised, the rest is reported; or it is given", () => {
    expect(timesOf(["1:30", 2, "02:00"], { unit: "minutes" })).toEqual(["clock", [90, 120], [1]]);
    expect(timesOf(["1:30", 2, "02:00"], { unit: "minutes", format: "number" })).toEqual(["number", [2], [0, 2]]);
  });
});

/** Records of which most can be read. */
const anyRecord: fc.Arbitrary<ObservedRecord> = fc.record({
  id: fc.constantFrom("a", "b", 3, "", "NA", "01"),
  time: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom("1.5", "-0", "", "12:00", "2024-01-01")),
  variable: fc.constantFrom("x", "y", "sex", "", "unknown"),
  value: fc.oneof(
    fc.double(),
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom("1", "1,5", "NaN", "", "-0", "f", null, undefined, true, "1e999"),
  ),
});

const anyOptions: fc.Arbitrary<RecordOptions> = fc.record({
  time: fc.constantFrom({ unit: "hours" }, { unit: "hours", format: "number", numbersIn: "minutes" }),
  sameTime: fc.constantFrom("mean", "first", "last"),
  statics: fc.constantFrom([], ["sex"], [{ name: "sex", categories: ["m", "f"] }]),
});

const withNames: fc.Arbitrary<RecordOptions> = fc
  .tuple(anyOptions, fc.boolean(), fc.boolean())
  .map(([options, variables, rows]) => ({
    ...options,
    ...(variables ? { variables: ["x", "y"] } : {}),
    ...(rows ? { rows: ["3", "a", "z"] } : {}),
  }));

/** Records of one row, of which many share a time: their sums round, and their zeros have signs. */
const crowded: fc.Arbitrary<ObservedRecord> = fc.record({
  id: fc.constant("a"),
  time: fc.constantFrom(0, -0, "-0", 1),
  variable: fc.constant("x"),
  value: fc.oneof(
    fc.integer({ min: -999, max: 999 }).map((n) => n / 10),
    fc.constantFrom(0, -0, "-0.0"),
  ),
});

/** One time that can be read, so that a format is recognised. */
const readable = record("a", 99, "x", 1);

test("records in = values out + records reported", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 40 }), withNames, (records, options) => {
      const { observations, report } = fromRecords([readable, ...records], options);
      expect(report.read).toBe(records.length + 1);
      expect(report.read).toBe(report.kept + report.empty + report.repeated + report.problems.length);
      const fixed = list(observations.statics.mask).filter((known) => known === 1).length;
      expect(report.kept).toBe(observedCount(observations) + fixed);
      expect(new Set(report.problems.map(({ record: n }) => n)).size).toBe(report.problems.length);
      factsOf(observations);
      observations.ids.forEach((_, row) => {
        const [from, to] = [observations.offsets.data[row]!, observations.offsets.data[row + 1]!];
        const times = list(observations.times).slice(from, to);
        times.forEach((time, i) => i > 0 && expect(time).toBeGreaterThan(times[i - 1]!));
      });
    }),
  );
});

test("any order of the records gives the same bits", () => {
  const shuffled = fc
    .oneof(fc.array(anyRecord, { maxLength: 30 }), fc.array(crowded, { minLength: 3, maxLength: 12 }))
    .chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })));
  fc.assert(
    fc.property(shuffled, withNames, ([records, other], options) => {
      const rule = { ...options, sameTime: "mean" } as const;
      const [a, b] = [records, other].map((given) => fromRecords([readable, ...given], rule));
      expect(b!.observations).toEqual(a!.observations);
      const bits = ({ observations: { times, values } }: typeof a & object): Uint8Array[] =>
        [times, values].map(({ data }) => new Uint8Array(data.buffer));
      expect(bits(b!)).toEqual(bits(a!));
      expect(b!.report.problems.map(({ fault }) => fault).toSorted()).toEqual(
        a!.report.problems.map(({ fault }) => fault).toSorted(),
      );
    }),
  );
});

test("rows are taken with their steps and static values", () => {
  const { observations } = fromRecords(
    [record("a", 1, "x", 1), record("b", 2, "x", 2), record("b", 3, "x", 3), record("c", 4, "x", 4)].concat(
      ["a", "b", "c"].map((id, i) => record(id, 0, "age", i)),
    ),
    { ...hours, statics: ["age"] },
  );
  const taken = takeRows(observations, [2, 1]);
  expect(factsOf(taken)).toEqual(["c x @ 4 = 4", "b x @ 2 = 2", "b x @ 3 = 3"]);
  expect(list(taken.statics.values)).toEqual([2, 1]);
  expect(takeRows(observations, [0, 1, 2])).toEqual(observations);
  expect(takeRows(observations, []).values.shape).toEqual([0, 1]);
  expect(() => takeRows(observations, [3])).toThrow("takeRows: expected rows from 0 to 2, got 3");
  expect(() => takeRows(observations, [1, 1])).toThrow("takeRows: row 1 is asked for twice, and ids are unique");
});

test("any data: the rows of a data set, joined again", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 30 }), withNames, (records, options) => {
      const { observations } = fromRecords([readable, ...records], options);
      const parts = observations.ids.map((_, row) => takeRows(observations, [row]));
      expect(joinObservations(parts)).toEqual(observations);
      expect(joinObservations([takeRows(observations, []), ...parts])).toEqual(observations);
    }),
  );
});

test("data sets of other variables, and rows of one id, are not joined", () => {
  const of = (id: string, unit: string): Observations =>
    fromRecords([record(id, 1, "x", 1)], { ...hours, variables: [{ name: "x", unit }] }).observations;
  expect(joinObservations([of("b", "kg"), of("a", "kg")]).ids).toEqual(["b", "a"]);
  expect(() => joinObservations([of("a", "kg"), of("b", "lb")])).toThrow(
    'joinObservations: data set 1 has {"timeUnit":"hours","variables":[{"name":"x","unit":"lb"}],"statics":[]}, but the first has',
  );
  expect(() => joinObservations([of("a", "kg"), of("a", "kg")])).toThrow('joinObservations: two rows have the id "a"');
  expect(() => joinObservations([])).toThrow("joinObservations: expected at least one data set, got none");
});

test("no records give an empty data set", () => {
  const { observations, report } = fromRecords([], { ...hours, variables: ["x"], rows: ["a"] });
  expect(observations).toMatchObject({ ids: ["a"], values: { shape: [0, 1] } });
  expect(list(observations.offsets)).toEqual([0, 0]);
  expect(report).toMatchObject({ read: 0, kept: 0, problems: [] });
});

describe("bad input is named", () => {
  const read =
    (options: object, records: unknown = []) =>
    (): unknown =>
      fromRecords(records as ObservedRecord[], { ...hours, ...options });
  test.each<[string, () => unknown, string]>([
    ["option", read({ duplicates: "mean" }), "fromRecords: unknown option duplicates; did you mean sameTime?"],
    ["rule", read({ sameTime: "median" }), 'fromRecords: sameTime is "median", expected mean, first, last, error'],
    ["unit", read({ time: { unit: "hour" } }), 'time.unit is "hour", expected a unit of time; did you mean hours?'],
    ["no unit", read({ time: {} }), "fromRecords: time.unit is undefined, expected a unit of time"],
    ["numbers", read({ time: { unit: "days", numbersIn: 3 } }), "time.numbersIn is 3, expected a unit of time; known:"],
    [
      "format",
      read({ time: { unit: "days", format: "date" } }),
      'time.format is "date", expected number, clock, iso, day-month-year',
    ],
    ["variable twice", read({ variables: ["x", "x"] }), 'fromRecords: variables has "x" twice'],
    ["variable in both", read({ variables: ["x"], statics: ["x"] }), '"x" is in variables and in statics; choose one'],
    ["no name", read({ variables: [{ name: " " }] }), 'fromRecords: variables[0] has the name " ", expected a text'],
    ["category", read({ statics: [{ name: "s", categories: ["f", "f"] }] }), 's has the category "f" twice'],
    ["member", read({ statics: [{ name: "s", levels: [] }] }), "statics[0]: unknown option levels; did you mean categ"],
    ["rows", read({ rows: [1, "1"] }), 'fromRecords: rows has "1" twice'],
    ["missing", read({ missing: "NA" }), 'fromRecords: missing is "NA", expected a list'],
    ["records", read({}, 7), "fromRecords: records is 7, expected a list of { id, time, variable, value }"],
    ["record", read({}, [null]), "fromRecords: record 0 is null, expected { id, time, variable, value }"],
    [
      "no time at all",
      read({}, [record("a", "1/2/2024", "x", 1)]),
      'fromRecords: none of 1 times can be read, such as "1/2/2024" in record 0; say in which order its parts are: time.format "day-month-year" or "month-day-year"',
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
