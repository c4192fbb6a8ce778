import { readFileSync } from "node:fs";
import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  elapsedByVariable,
  eventTime,
  fromCsv,
  fromRecords,
  gridded,
  lengthsOf,
  observedCount,
  paddedExamples,
  timeSinceObserved,
  toPadded,
  windowed,
  type GriddedOptions,
  type Observations,
  type ObservedRecord,
  type Statistic,
  type WindowedOptions,
} from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];

interface Table {
  readonly ids: readonly string[];
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

const pandas: {
  readonly csv: string;
  readonly variables: readonly string[];
  readonly merged: Table;
  readonly width: number;
  readonly grids: Readonly<Record<Statistic, Table>>;
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/pandas.json", import.meta.url), "utf8"));

/** One entry per step, as pandas has it. */
function tableOf({ ids, offsets, times, values, mask, variables }: Observations): Table {
  return {
    ids: ids.flatMap((id, row) => new Array<string>(offsets.data[row + 1]! - offsets.data[row]!).fill(id)),
    times: list(times),
    values: list(times).map((_, step) =>
      variables.map((_, v) => {
        const at = step * variables.length + v;
        return mask.data[at] === 1 ? values.data[at]! : null;
      }),
    ),
  };
}

const merged = (): Observations =>
  fromCsv(pandas.csv, { layout: "long", time: { unit: "minutes" }, sameTime: "mean" }).observations;

describe("the numbers of pandas", () => {
  test("records merged by time", () => {
    expect(merged().variables.map(({ name }) => name)).toEqual(pandas.variables);
    expect(tableOf(merged())).toEqual(pandas.merged);
  });

  test.each(Object.keys(pandas.grids) as Statistic[])("a grid of bins: %s", (statistic) => {
    const { observations, outside } = gridded(merged(), { width: pandas.width, statistic });
    const [found, expected] = [tableOf(observations), pandas.grids[statistic]];
    expect([found.ids, found.times, outside]).toEqual([expected.ids, expected.times, 0]);
    // Sums of eighths are exact in any order; a mean of means is not.
    found.values.forEach((row, step) =>
      row.forEach((value, v) => {
        const other = expected.values[step]![v]!;
        if (value === null || other === null) expect(value).toBe(other);
        else expect(Math.abs(value - other)).toBeLessThanOrEqual(2 ** -50 * Math.abs(other));
      }),
    );
  });
});

const anyRecords: fc.Arbitrary<ObservedRecord[]> = fc.array(
  fc.record({
    id: fc.constantFrom("a", "b", "c"),
    time: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ min: -20, max: 20, noNaN: true })),
    variable: fc.constantFrom("x", "y", "age"),
    value: fc.integer({ min: -99, max: 99 }),
  }),
  { maxLength: 40 },
);

const dataOf = (records: readonly ObservedRecord[]): Observations =>
  fromRecords(records, {
    time: { unit: "hours" },
    sameTime: "mean",
    variables: ["x", "y"],
    statics: ["age"],
    rows: ["a", "b", "c"],
  }).observations;

const anyData = anyRecords.map(dataOf);
const anyWidth = fc.constantFrom(0.1, 0.25, 1 / 3, 1, 2.5, 7);

test("event time: the true times, as a ragged batch", () => {
  const at = (id: string, time: string, variable: string, value: number): ObservedRecord => ({
    id,
    time,
    variable,
    value,
  });
  const { observations } = fromRecords(
    [
      at("b", "2024-05-01T10:00", "x", 1.1),
      at("b", "2024-05-01T10:00:09", "y", 2),
      at("b", "2024-05-01T12:30:09", "x", 3),
      at("a", "2024-05-01T00:00", "y", 4),
    ],
    { time: { unit: "seconds" }, rows: ["b", "none", "a"] },
  );
  const batch = eventTime(observations);
  expect(list(lengthsOf(batch))).toEqual([3, 0, 1]);
  // The difference of two times of 1.7e9 s, which f32 cannot tell apart.
  expect(list(batch.elapsed!)).toEqual([0, 9, 9000, 0]);
  expect(list(batch.values)).toEqual([Math.fround(1.1), NaN, NaN, 2, 3, NaN, NaN, 4]);
  expect(list(batch.mask!)).toEqual([1, 0, 0, 1, 1, 0, 0, 1]);
  expect(eventTime(observations, { dtype: "f64" }).values).toEqual(observations.values);
});

test("elapsed times by variable are those of timeSinceObserved", () => {
  fc.assert(
    fc.property(anyData, (data) => {
      const padded = toPadded(eventTime(data, { dtype: "f64" }));
      const expected = timeSinceObserved(padded.mask!, padded.elapsed!);
      const time = padded.x.shape[1]!;
      const steps = list(padded.lengths).flatMap((length, row) =>
        list(expected as ArrayTensor).slice(row * time * 2, (row * time + length) * 2),
      );
      expect(list(elapsedByVariable(data))).toEqual(steps);
    }),
  );
});

describe("a grid", () => {
  test("any data: counts add up, every value is in the bin that holds its time, and a grid of a grid is the grid", () => {
    fc.assert(
      fc.property(
        anyData,
        anyWidth,
        fc.constantFrom("mean", "first", "last", "min", "max", "sum"),
        (data, width, statistic) => {
          const counts = gridded(data, { width, statistic: "count" }).observations;
          expect(list(counts.values).reduce((a, b) => a + b, 0)).toBe(observedCount(data));
          expect(observedCount(counts)).toBe(counts.values.data.length);
          const { observations } = gridded(data, { width, statistic });
          expect(gridded(observations, { width, statistic })).toEqual({
            observations,
            rows: Int32Array.of(0, 1, 2),
            outside: 0,
          });
          const { ids, offsets, times, mask } = data;
          ids.forEach((_, row) => {
            const bins = list(observations.times).slice(
              observations.offsets.data[row],
              observations.offsets.data[row + 1],
            );
            bins.forEach((begin) => expect(begin).toBe(width * Math.round(begin / width) + 0));
            for (let step = offsets.data[row]!; step < offsets.data[row + 1]!; step++) {
              const bin = bins.findLastIndex((begin) => begin <= times.data[step]!);
              expect(bin).toBeGreaterThanOrEqual(0);
              expect(times.data[step]! - bins[bin]!).toBeLessThanOrEqual(width * (1 + 1e-15));
              const at = (observations.offsets.data[row]! + bin) * 2;
              for (const v of [0, 1]) if (mask.data[step * 2 + v] === 1) expect(observations.mask.data[at + v]).toBe(1);
            }
          });
        },
      ),
    );
  });

  test("any order of the records gives the same bits", () => {
    fc.assert(
      fc.property(
        anyRecords.chain((records) =>
          fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
        ),
        anyWidth,
        ([records, shuffled], width) => {
          expect(gridded(dataOf(shuffled), { width })).toEqual(gridded(dataOf(records), { width }));
        },
      ),
    );
  });

  test("bounds give every row the same bins, and what lies outside is counted", () => {
    const data = dataOf([
      { id: "a", time: -1, variable: "x", value: 1 },
      { id: "a", time: 0, variable: "x", value: 2 },
      { id: "a", time: 5.9, variable: "y", value: 3 },
      { id: "b", time: 6, variable: "y", value: 4 },
      { id: "b", variable: "age", value: 5 },
    ]);
    const { observations, outside } = gridded(data, { width: 2, from: 0, to: 6 });
    expect(outside).toBe(2);
    expect(list(observations.offsets)).toEqual([0, 3, 6, 9]);
    expect(list(observations.times)).toEqual([0, 2, 4, 0, 2, 4, 0, 2, 4]);
    expect(tableOf(observations).values.slice(0, 3)).toEqual([
      [2, null],
      [null, null],
      [null, 3],
    ]);
    expect(observedCount(observations)).toBe(2);
    expect(observations.statics).toEqual(data.statics);
    expect(list(gridded(data, { width: 4, from: 0, to: 6 }).observations.offsets)).toEqual([0, 2, 4, 6]);
    // With one bound a row goes on to its last time.
    expect(list(gridded(data, { width: 2, from: 0 }).observations.times)).toEqual([0, 2, 4, 0, 2, 4, 6]);
    expect(list(gridded(data, { width: 2, to: 6 }).observations.times)).toEqual([-2, 0, 2, 4]);
  });

  test("a statistic for each variable; a count has no unit, and categories have no mean", () => {
    const { observations: data } = fromRecords(
      [1, 2, 2.5].flatMap((time) => [
        { id: "a", time, variable: "x", value: time },
        { id: "a", time, variable: "state", value: time < 2 ? "up" : "down" },
      ]),
      {
        time: { unit: "days" },
        variables: [
          { name: "x", unit: "m" },
          { name: "state", categories: ["down", "up"] },
        ],
      },
    );
    const { observations } = gridded(data, { width: 7, statistic: { x: "count" } });
    expect(observations.variables).toEqual([{ name: "x" }, data.variables[1]]);
    expect(list(observations.values)).toEqual([3, 0]);
    expect(() => gridded(data, { width: 7, statistic: "mean" })).toThrow(
      "gridded: state has categories, which have no mean; use first, last or count",
    );
  });
});

describe("windows", () => {
  test("without overlap they part the data, whatever the rounding", () => {
    fc.assert(
      fc.property(anyData, anyWidth, (data, length) => {
        const { observations, rows, outside } = windowed(data, { length });
        expect(outside).toBe(0);
        expect(observations.times).toEqual(data.times);
        expect(observations.values).toEqual(data.values);
        expect(observations.mask).toEqual(data.mask);
        rows.forEach((row, i) => {
          expect(observations.ids[i]!.split("#")[0]).toBe(data.ids[row]);
          expect(observations.statics.values.data[i]).toEqual(data.statics.values.data[row]);
        });
        expect(new Set(observations.ids).size).toBe(observations.ids.length);
      }),
    );
  });

  test("with overlap and gaps: what a plain search finds", () => {
    const exact = fc.array(
      fc.record({
        id: fc.constantFrom("a", "b"),
        time: fc.integer({ min: 0, max: 40 }),
        variable: fc.constantFrom("x", "y"),
        value: fc.integer(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        exact,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (records, length, stride, partial) => {
          const data = dataOf(records);
          const { observations, outside } = windowed(data, { length, stride, partial });
          const expected: number[][] = [];
          const seen = new Set<number>();
          data.ids.forEach((_, row) => {
            const steps = Array.from({ length: data.times.data.length }, (_, step) => step).slice(
              data.offsets.data[row],
              data.offsets.data[row + 1],
            );
            const times = steps.map((step) => data.times.data[step]!);
            for (let begin = times[0]!; begin <= times.at(-1)!; begin += stride) {
              if (!partial && begin + length > times.at(-1)!) continue;
              const inside = steps.filter((_, i) => times[i]! >= begin && times[i]! < begin + length);
              expected.push(inside.map((step) => data.times.data[step]!));
              inside.forEach((step) => seen.add(step));
            }
          });
          const found = observations.ids.map((_, i) =>
            list(observations.times).slice(observations.offsets.data[i], observations.offsets.data[i + 1]),
          );
          expect(found).toEqual(expected);
          const left = list(data.mask).filter((observed, at) => observed === 1 && !seen.has(Math.floor(at / 2)));
          expect(outside).toBe(left.length);
        },
      ),
    );
  });

  test("a window of a grid, and a grid of a window", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const [length, width] = [4, 1];
        const grid = gridded(data, { width }).observations;
        const cut = windowed(grid, { length });
        expect(list(lengthsOf(eventTime(cut.observations))).every((n) => n >= 1 && n <= 4)).toBe(true);
        expect(observedCount(cut.observations)).toBe(observedCount(grid));
        expect(observedCount(windowed(cut.observations, { length: 2 }).observations)).toBe(observedCount(grid));
        const back = gridded(windowed(data, { length }).observations, { width, statistic: "count" });
        expect(list(back.observations.values).reduce((a, b) => a + b, 0)).toBe(observedCount(data));
      }),
    );
  });
});

describe("bad input is named", () => {
  const data = dataOf([{ id: "a", time: 0, variable: "x", value: 1e300 }]);
  const far = dataOf([0, 1e12].map((time) => ({ id: "a", time, variable: "x", value: 1 })));
  const grid = (options: object) => (): unknown => gridded(data, options as GriddedOptions);
  const cut = (options: object) => (): unknown => windowed(data, options as WindowedOptions);
  test.each<[string, () => unknown, string]>([
    ["too large", () => eventTime(data), "eventTime: x is 1e+300, which is too large for f32; scale the data first"],
    ["dtype", () => eventTime(data, { dtype: "i32" as never }), 'eventTime: dtype is "i32", expected "f32" or "f64"'],
    ["width", grid({ width: 0 }), "gridded: width is 0, expected a finite number > 0"],
    ["no width", grid({}), "gridded: width is undefined, expected a finite number > 0"],
    ["option", grid({ bin: 1 }), "gridded: unknown option bin; did you mean width?"],
    ["bound", grid({ width: 1, to: NaN }), "gridded: to is NaN, expected a finite number"],
    ["bounds", grid({ width: 1, from: 2, to: 2 }), "gridded: to is 2, expected more than from, which is 2"],
    [
      "statistic",
      grid({ width: 1, statistic: "median" }),
      'gridded: the statistic of x is "median"; did you mean mean?',
    ],
    ["variable", grid({ width: 1, statistic: { z: "sum" } }), 'gridded: "z" is not a variable; known: x, y'],
    [
      "bins",
      () => gridded(far, { width: 1 }),
      'gridded: up to row "a" there are 1000000000001 bins, too many; use a lar',
    ],
    ["length", cut({ length: -1 }), "windowed: length is -1, expected a finite number > 0"],
    ["stride", cut({ length: 1, stride: 0 }), "windowed: stride is 0, expected a finite number > 0"],
    ["partial", cut({ length: 1, partial: 1 }), "windowed: partial is 1, expected true or false"],
    [
      "windows",
      () => windowed(far, { length: 1 }),
      'windowed: "a" has more than 10 million windows; use a larger stride',
    ],
    ["option", cut({ length: 1, size: 2 }), "windowed: unknown option size; did you mean length?"],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("padded examples", () => {
  const { observations } = fromRecords(
    [
      { id: "anna", time: 0, variable: "hr", value: 80 },
      { id: "anna", time: 2, variable: "map", value: 60 },
      { id: "anna", time: 3, variable: "hr", value: 90 },
      { id: "ben", time: 1, variable: "map", value: 70 },
      { id: "ben", time: 0, variable: "age", value: 47 },
    ],
    { statics: ["age"], time: { unit: "hours" } },
  );
  test("are the event times, with zeros where nothing was observed", () => {
    const { x, mask, delta, elapsed, lengths, statics } = paddedExamples(observations, { steps: 4 });
    expect(x.shape).toEqual([2, 4, 2]);
    expect(list(x)).toEqual([80, 0, 0, 60, 90, 0, 0, 0, 0, 70, 0, 0, 0, 0, 0, 0]);
    expect(list(mask)).toEqual([1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(list(delta)).toEqual([0, 0, 2, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(list(elapsed)).toEqual([0, 2, 1, 0, 0, 0, 0, 0]);
    expect(list(lengths)).toEqual([3, 1]);
    expect(list(statics)).toEqual([0, 47]);
    expect([...valuesOf(timeSinceObserved(mask, elapsed))].slice(0, 6)).toEqual(list(delta).slice(0, 6));
  });
  test("refuse options that there are not, and too few steps", () => {
    expect(() => paddedExamples(observations, { ...{ steps: 4, length: 4 } })).toThrow("did you mean steps?");
    expect(() => paddedExamples(observations, { steps: 2 })).toThrow("the longest sequence has 3 steps");
  });
});
