import { readFileSync } from "node:fs";
import { tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alignClocks, fromRecords, type AlignmentRule, type Statistic, type TimedSequences } from "../index.ts";

type Values = readonly (number | null)[];

interface Row {
  readonly clock: readonly number[];
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly nearest: Values;
  readonly nearestWithin: Values;
  readonly previous: Values;
  readonly previousWithin: Values;
  readonly linear: Values;
  readonly windows: Readonly<Record<Statistic, Values>>;
}

const pandas: {
  readonly within: { readonly nearest: number; readonly previous: number };
  readonly rows: readonly Row[];
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/alignment.json", import.meta.url), "utf8"));

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];
const offsetsOf = (rows: readonly (readonly unknown[])[]): ArrayTensor =>
  tensor(
    rows.reduce<readonly number[]>((ends, row) => [...ends, ends.at(-1)! + row.length], [0]),
    [rows.length + 1],
    { dtype: "i32" },
  );
const f64 = (values: readonly number[], shape = [values.length]): ArrayTensor =>
  tensor(Float64Array.from(values), shape);

/** Rows of one variable. */
const timed = (
  rows: readonly { readonly times: readonly number[]; readonly values: readonly number[] }[],
): TimedSequences => {
  const values = rows.flatMap((row) => row.values);
  return {
    offsets: offsetsOf(rows.map(({ times }) => times)),
    times: f64(rows.flatMap(({ times }) => times)),
    values: f64(values, [values.length, 1]),
  };
};
const clockOf = (rows: readonly (readonly number[])[]) => ({ offsets: offsetsOf(rows), times: f64(rows.flat()) });

function aligned(rule: AlignmentRule): Values {
  const { sequences } = alignClocks(
    { x: timed(pandas.rows) },
    { clock: clockOf(pandas.rows.map(({ clock }) => clock)), rule },
  );
  const { values, mask } = sequences.x;
  return list(values).map((value, at) => (mask!.data[at] === 1 ? value : null));
}

describe("the numbers of pandas and NumPy", () => {
  test.each<[string, AlignmentRule, (row: Row) => Values]>([
    ["nearest", { by: "nearest" }, (row) => row.nearest],
    ["nearest with a tolerance", { by: "nearest", tolerance: pandas.within.nearest }, (row) => row.nearestWithin],
    ["previous", { by: "previous" }, (row) => row.previous],
    ["previous with a tolerance", { by: "previous", tolerance: pandas.within.previous }, (row) => row.previousWithin],
    ...(["mean", "first", "last", "count", "sum", "min", "max"] as const).map(
      (statistic) =>
        [`windows: ${statistic}`, { by: "window", statistic }, (row: Row) => row.windows[statistic]] as [
          string,
          AlignmentRule,
          (row: Row) => Values,
        ],
    ),
  ])("%s", (_, rule, of) => {
    expect(aligned(rule)).toEqual(pandas.rows.flatMap(of));
  });

  test("linear", () => {
    const expected = pandas.rows.flatMap(({ linear }) => linear);
    const found = aligned({ by: "linear" });
    expect(found.map((value) => value === null)).toEqual(expected.map((value) => value === null));
    found.forEach((value, i) => expect(value ?? 0).toBeCloseTo(expected[i] ?? 0, 12));
  });
});

const row = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 12 })
  .map((times) => times.toSorted((a, b) => a - b).map((time) => time / 2));
const rule = fc.oneof(
  fc.record({ by: fc.constantFrom("nearest", "previous", "linear"), tolerance: fc.constantFrom(0, 1, 3.5, Infinity) }),
  fc.record(
    {
      by: fc.constant("window" as const),
      statistic: fc.constantFrom("mean", "first", "last", "count", "sum", "min", "max"),
      length: fc.constantFrom(0.5, 2, 7),
    },
    { requiredKeys: ["by"] },
  ),
);

describe("what goes in is in the result or reported", () => {
  test("in = used + dropped; every number of the result is made of observed values that are near enough", () => {
    const observed = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(row, row, observed), { minLength: 1, maxLength: 4 }), rule, (rows, chosen) => {
        // Powers of 2, so that a sum says of which values it is made.
        const x = timed(rows.map(([, times]) => ({ times, values: times.map((_, i) => 2 ** i) })));
        const flags = rows.flatMap(([, times, here]) => times.map((_, i) => Number(here[i])));
        const masked = { ...x, mask: tensor(flags, [flags.length, 1], { dtype: "bool" }) };
        const clock = clockOf(rows.map(([ticks]) => ticks));
        const { sequences, counts } = alignClocks({ x: masked }, { clock, rule: Object(chosen) });
        expect(counts.x.observed).toBe(flags.reduce((a, b) => a + b, 0));
        expect(counts.x.used + counts.x.dropped).toBe(counts.x.observed);
        const { values, mask } = sequences.x;
        expect(counts.x.missing).toBe(list(mask!).filter((flag) => flag === 0).length);
        list(values).forEach((value, at) => expect(Number.isNaN(value)).toBe(mask!.data[at] === 0));
        if (chosen.by === "window" && chosen.statistic === "sum") {
          const byRow = rows.map(([ticks, times, here], r) => {
            const from = clock.offsets.data[r]!;
            const bits = ticks.map((_, k) => (mask!.data[from + k] === 1 ? values.data[from + k]! : 0));
            return times.filter((_, i) => here[i] && bits.some((sum) => Math.floor(sum / 2 ** i) % 2 === 1)).length;
          });
          expect(counts.x.used).toBe(byRow.reduce((a, b) => a + b, 0));
        }
        if (chosen.by !== "nearest" && chosen.by !== "previous") return;
        rows.forEach(([ticks, times, here], r) =>
          ticks.forEach((tick, k) => {
            const at = clock.offsets.data[r]! + k;
            const near = times
              .map((time, i) => ({ i, ago: tick - time }))
              .filter(
                ({ i, ago }) => here[i] && Math.abs(ago) <= chosen.tolerance && (chosen.by === "nearest" || ago >= 0),
              );
            expect(mask!.data[at]).toBe(near.length > 0 ? 1 : 0);
            const least = Math.min(...near.map(({ ago }) => Math.abs(ago)));
            const [best] = near.filter(({ ago }) => Math.abs(ago) === least).map(({ i }) => 2 ** i);
            if (best !== undefined) expect(values.data[at]).toBe(best);
          }),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("windows since the time before use every value once; only those after the last time are dropped", () => {
    fc.assert(
      fc.property(row, row, (ticks, times) => {
        const x = timed([{ times, values: times.map(() => 1) }]);
        const { sequences, counts } = alignClocks(
          { x },
          { clock: clockOf([ticks]), rule: { by: "window", statistic: "count" } },
        );
        const late = times.filter((time) => !(time <= (ticks.at(-1) ?? -Infinity))).length;
        expect(counts.x).toEqual({
          observed: times.length,
          used: times.length - late,
          dropped: late,
          repeated: 0,
          missing: 0,
        });
        expect(list(sequences.x.values).reduce((a, b) => a + b, 0)).toBe(counts.x.used);
      }),
    );
  });

  test("no rule but nearest and linear reads what is later than the clock", () => {
    fc.assert(
      fc.property(row, row, rule, (ticks, times, chosen) => {
        fc.pre(chosen.by === "previous" || chosen.by === "window");
        const at = (x: readonly number[]): number[] =>
          list(
            alignClocks({ x: timed([{ times, values: x }]) }, { clock: clockOf([ticks]), rule: Object(chosen) })
              .sequences.x.values,
          );
        const middle = ticks[Math.floor(ticks.length / 2)] ?? 0;
        const [found, other] = [at(times), at(times.map((time) => (time > middle ? -time - 9 : time)))];
        ticks.forEach((tick, k) => (tick <= middle ? expect(other[k]).toBe(found[k]) : undefined));
      }),
    );
  });
});

describe("alignClocks", () => {
  const words = timed([
    { times: [1, 2, 4], values: [10, 20, 40] },
    { times: [0], values: [5] },
  ]);
  const video = timed([
    { times: [0.5, 1, 1.5, 2.5, 3, 3.5, 9], values: [1, 2, 3, 4, 5, 6, 7] },
    { times: [], values: [] },
  ]);

  test("the modality that is the clock stays as it is, whatever the rule", () => {
    const { sequences, counts, offsets, times } = alignClocks(
      { words, video },
      { clock: "words", rule: { by: "window" } },
    );
    expect(list(sequences.words.values)).toEqual([10, 20, 40, 5]);
    expect(list(sequences.video.values)).toEqual([1.5, 3, 5, NaN]);
    expect(list(sequences.video.mask!)).toEqual([1, 1, 1, 0]);
    expect([list(offsets), list(times)]).toEqual([
      [0, 3, 4],
      [1, 2, 4, 0],
    ]);
    expect(list(sequences.video.elapsed!)).toEqual([0, 1, 2, 0]);
    expect(counts).toEqual({
      words: { observed: 4, used: 4, dropped: 0, repeated: 0, missing: 0 },
      video: { observed: 7, used: 6, dropped: 1, repeated: 0, missing: 1 },
    });
  });

  test("a slow sequence on a fast clock is repeated, and the report says how often", () => {
    const { sequences, counts } = alignClocks(
      { words, video },
      { clock: "video", rule: { words: { by: "previous", tolerance: 1 } } },
    );
    expect(list(sequences.words.values)).toEqual([NaN, 10, 10, 20, 20, NaN, NaN]);
    expect(counts.words).toEqual({ observed: 4, used: 2, dropped: 2, repeated: 2, missing: 3 });
  });

  test("observations are sequences with times, each variable by its own mask", () => {
    const { observations } = fromRecords(
      [
        { id: "a", time: 0, variable: "hr", value: 60 },
        { id: "a", time: 1, variable: "bp", value: 100 },
        { id: "a", time: 2, variable: "hr", value: 80 },
      ],
      { time: { unit: "hours" } },
    );
    expect(observations.variables.map(({ name }) => name)).toEqual(["bp", "hr"]);
    const { sequences } = alignClocks({ ward: observations }, { clock: clockOf([[1, 2]]), rule: { by: "linear" } });
    expect(list(sequences.ward.values)).toEqual([100, 70, NaN, 80]);
  });

  test("f32 values stay f32", () => {
    const values = tensor([0.1, 0.2, 0.3, 0.4], [4, 1]);
    const { sequences } = alignClocks(
      { words: { ...words, values } },
      { clock: clockOf([[1.5], [0]]), rule: { by: "linear" } },
    );
    expect(sequences.words.values.dtype).toBe("f32");
    expect(sequences.words.values.data[0]).toBe(
      Math.fround(Math.fround(0.1) + (Math.fround(0.2) - Math.fround(0.1)) * 0.5),
    );
  });

  test.each<[string, () => unknown, string]>([
    [
      "a clock that is no modality",
      () => alignClocks({ words }, { clock: "wrods" as never }),
      'alignClocks: the clock is "wrods", expected times or a modality; did you mean words?',
    ],
    [
      "rows that differ in number",
      () => alignClocks({ words }, { clock: clockOf([[1]]) }),
      "alignClocks: words has 2 rows, but the clock has 1; row i must be the same example in all",
    ],
    [
      "times that do not increase",
      () =>
        alignClocks(
          {
            words,
            video: timed([
              { times: [1, 1], values: [0, 0] },
              { times: [], values: [] },
            ]),
          },
          { clock: "words" },
        ),
      "alignClocks: video: the times of row 0 must be finite and increase, got 1 after 1; sort the steps, and join those of one time",
    ],
    [
      "times in f32",
      () => alignClocks({ words: { ...words, times: tensor([1, 2, 4, 0]) } }, { clock: clockOf([[1], [1]]) }),
      "alignClocks: words.times is f32 [4], expected f64 [steps]",
    ],
    [
      "values that do not fit the times",
      () => alignClocks({ words: { ...words, values: f64([1, 2], [2, 1]) } }, { clock: clockOf([[1], [1]]) }),
      "alignClocks: words.values is f64 [2,1], expected f32 or f64 [4,features]",
    ],
    [
      "an unknown rule",
      () => alignClocks({ words, video }, { clock: "words", rule: Object({ by: "neerest" }) }),
      'alignClocks: the rule of video: unknown rule "neerest"; did you mean nearest?',
    ],
    [
      "a rule of no modality",
      () => alignClocks({ words, video }, { clock: "words", rule: Object({ sound: { by: "nearest" } }) }),
      "alignClocks: rule: unknown option sound",
    ],
    [
      "a negative tolerance",
      () => alignClocks({ words, video }, { clock: "words", rule: { by: "nearest", tolerance: -1 } }),
      "alignClocks: the rule of video: tolerance is -1, expected a number >= 0, in the unit of the times",
    ],
    [
      "a tolerance of windows",
      () => alignClocks({ words, video }, { clock: "words", rule: Object({ by: "window", tolerance: 1 }) }),
      "alignClocks: the rule of video: unknown option tolerance",
    ],
    [
      "a window without length",
      () => alignClocks({ words, video }, { clock: "words", rule: { by: "window", length: 0 } }),
      "alignClocks: the rule of video: length is 0, expected a number > 0, in the unit of the times",
    ],
    [
      "an unknown statistic",
      () => alignClocks({ words, video }, { clock: "words", rule: { by: "window", statistic: Object("median") } }),
      "alignClocks: the rule of video: statistic is",
    ],
    ...[{ by: "linear" } as const, { by: "window" } as const].map((rule): [string, () => unknown, string] => [
      `categories by ${rule.by}`,
      () =>
        alignClocks(
          { words: { ...words, variables: [{ name: "tag", categories: ["a", "b"] }] } },
          { clock: clockOf([[4], [0]]), rule },
        ),
      "alignClocks: tag of words has categories, of which there is no mean and no line; use nearest, previous, or a window's first, last or count",
    ]),
    [
      "a sum too large for f32",
      () =>
        alignClocks(
          { words: { ...words, values: tensor([3e38, 3e38, 0, 0], [4, 1]) } },
          { clock: clockOf([[4], [0]]), rule: { by: "window", statistic: "sum" } },
        ),
      "which is too large for f32; scale the data first",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
