import { readFileSync } from "node:fs";
import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyImputer,
  applyScaler,
  fitImputer,
  fitScaler,
  fromCsv,
  fromRecords,
  invertScaler,
  takeRows,
  type Imputation,
  type Imputer,
  type Observations,
  type ObservedRecord,
  type Scaler,
} from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];

interface Fitted {
  readonly center: readonly number[];
  readonly spread: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

const fixture: {
  readonly csv: string;
  readonly train: readonly string[];
  readonly standardize: Fitted;
  readonly "min-max": Fitted;
  readonly imputations: Readonly<Record<Exclude<Imputation, "none">, readonly (readonly number[])[]>>;
} = JSON.parse(readFileSync(new URL("../../../../fixtures/irregular/pandas.json", import.meta.url), "utf8"));

const data = fromCsv(fixture.csv, { layout: "long", time: { unit: "minutes" }, sameTime: "mean" }).observations;
const train = takeRows(
  data,
  fixture.train.map((id) => data.ids.indexOf(id)),
);

/** Numbers of which each is computed from few: a few roundings of the largest of them. */
function expectClose(found: readonly number[], expected: readonly (number | null)[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    const other = expected[i]!;
    if (other === null) expect(value).toBeNaN();
    else expect(Math.abs(value - other)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(other)));
  });
}

describe("the numbers of scikit-learn and pandas", () => {
  test.each(["standardize", "min-max"] as const)("%s", (scaling) => {
    const scaler = fitScaler(train, { scaling });
    const { center, spread, values } = fixture[scaling];
    expectClose(
      scaler.variables.map((scale) => scale.center),
      center,
    );
    expectClose(
      scaler.variables.map((scale) => scale.spread),
      spread,
    );
    expectClose(list(applyScaler(scaler, data).values), values.flat());
  });

  test.each([
    ["mean", true],
    ["forward", true],
    ["backward", false],
    ["linear", false],
    ["spline", false],
  ] as const)("%s", (imputation, causal) => {
    const imputer = fitImputer(train, { imputation });
    expect(imputer.causal).toBe(causal);
    const filled = applyImputer(imputer, data);
    expectClose(list(filled.values), fixture.imputations[imputation].flat());
    expect(filled.mask).toBe(data.mask);
  });
});

const records: ObservedRecord[] = [
  { id: "a", time: 0, variable: "x", value: 1 },
  { id: "a", time: 1, variable: "state", value: "up" },
  { id: "a", time: 4, variable: "x", value: 9 },
  { id: "a", time: 5, variable: "state", value: "down" },
  { id: "b", time: 2, variable: "state", value: "down" },
  { id: "a", variable: "age", value: 50 },
];
const mixed = fromRecords(records, {
  time: { unit: "hours" },
  rows: ["a", "b", "c"],
  variables: ["x", { name: "state", categories: ["up", "down"] }, "never"],
  statics: ["age", { name: "sex", categories: ["f", "m"] }],
}).observations;

test("categories and what was never observed are not scaled; a constant becomes 0", () => {
  const scaler = fitScaler(mixed);
  expect(scaler.variables.map(({ center, spread }) => [center, spread])).toEqual([
    [5, 4],
    [0, 1],
    [0, 1],
  ]);
  expect(scaler.statics.map(({ center, spread }) => [center, spread])).toEqual([
    [50, 1],
    [0, 1],
  ]);
  const scaled = applyScaler(scaler, mixed);
  expect(list(scaled.statics.values)).toEqual([0, NaN, NaN, NaN, NaN, NaN]);
  expect([scaled.mask, scaled.statics.mask]).toEqual([mixed.mask, mixed.statics.mask]);
});

test("categories are imputed by categories, static values by typical ones", () => {
  const of = (imputation: Imputation): number[] => {
    const { values } = applyImputer(fitImputer(mixed, { imputation }), mixed);
    // The state at each of the four steps of a, and the step of b.
    return list(values).filter((_, at) => at % 3 === 1);
  };
  expect(of("mean")).toEqual([1, 0, 1, 1, 1]);
  expect(of("forward")).toEqual([1, 0, 0, 1, 1]);
  expect(of("backward")).toEqual([0, 0, 1, 1, 1]);
  expect(of("linear")).toEqual([0, 0, 0, 1, 1]);
  expect(of("spline")).toEqual([0, 0, 0, 1, 1]);
  const filled = applyImputer(fitImputer(mixed, { imputation: "linear" }), mixed);
  expect(list(filled.values).filter((_, at) => at % 3 === 0)).toEqual([1, 3, 9, 9, 5]);
  expect(list(filled.values).filter((_, at) => at % 3 === 2)).toEqual([0, 0, 0, 0, 0]);
  expect(list(filled.statics.values)).toEqual([50, 0, 50, 0, 50, 0]);
});

const anyData = fc
  .array(
    fc.record({
      id: fc.constantFrom("a", "b", "c"),
      time: fc.integer({ min: 0, max: 9 }),
      variable: fc.constantFrom("x", "y", "age"),
      value: fc.integer({ min: -1000, max: 1000 }),
    }),
    { maxLength: 30 },
  )
  .map(
    (given): Observations =>
      fromRecords(given, {
        time: { unit: "hours" },
        sameTime: "last",
        variables: ["x", "y"],
        statics: ["age"],
        rows: ["a", "b", "c"],
      }).observations,
  );

test("any data: the inverse undoes a scaler, saved as JSON too", () => {
  fc.assert(
    fc.property(anyData, fc.constantFrom("standardize", "min-max"), (given, scaling) => {
      const scaler = fitScaler(takeRows(given, [0, 2]), { scaling });
      const saved: Scaler = JSON.parse(JSON.stringify(scaler));
      expect(saved).toEqual(scaler);
      const back = invertScaler(saved, applyScaler(saved, given));
      for (const [found, was] of [
        [back.values, given.values],
        [back.statics.values, given.statics.values],
      ] as const)
        list(found).forEach((value, at) => {
          if (Number.isNaN(was.data[at])) expect(value).toBeNaN();
          // Two roundings of numbers of at most 2000.
          else expect(Math.abs(value - was.data[at]!)).toBeLessThanOrEqual(4000 * 2 ** -52);
        });
    }),
  );
});

test("any data: a causal imputation reads nothing that is observed later, and none reads what is not observed", () => {
  fc.assert(
    fc.property(
      anyData,
      fc.constantFrom<Imputation[]>("mean", "forward", "backward", "linear", "spline"),
      (given, imputation) => {
        const imputer: Imputer = JSON.parse(JSON.stringify(fitImputer(given, { imputation })));
        const filled = applyImputer(imputer, given);
        expect(list(filled.values).every(Number.isFinite)).toBe(true);
        list(given.mask).forEach((observed, at) => {
          if (observed === 1) expect(filled.values.data[at]).toBe(given.values.data[at]);
        });
        expect(applyImputer(imputer, filled)).toEqual(filled);
        // The last step of each row changes: no other step of a causal one does.
        const last = new Set(list(given.offsets).map((offset) => offset - 1));
        const changed = list(given.values).map((value, at) => (last.has(Math.floor(at / 2)) ? value + 777 : value));
        const other = applyImputer(imputer, {
          ...given,
          values: { ...given.values, data: Float64Array.from(changed) },
        });
        if (imputer.causal)
          list(other.values).forEach((value, at) => {
            if (!last.has(Math.floor(at / 2))) expect(value).toBe(filled.values.data[at]);
          });
      },
    ),
  );
});

test("without imputation, what was not observed stays NaN, static values too", () => {
  const imputer: Imputer = JSON.parse(JSON.stringify(fitImputer(mixed, { imputation: "none" })));
  expect(imputer.causal).toBe(true);
  // What stands in the place of a value that was not observed is not a value.
  const given = {
    ...mixed,
    values: { ...mixed.values, data: mixed.values.data.map((v) => (Number.isNaN(v) ? 7 : v)) },
  };
  const { values, mask, statics } = applyImputer(imputer, given);
  list(values).forEach((value, at) => expect(value).toBe(mask.data[at] === 1 ? mixed.values.data[at] : NaN));
  expect(statics).toEqual(mixed.statics);
});

test("a spline runs through what was observed, and is a line between two values", () => {
  const row = (points: readonly (readonly [number, number])[], others: readonly number[]) =>
    fromRecords(
      [
        ...points.map(([time, value]) => ({ id: "a", time, variable: "x", value })),
        ...others.map((time) => ({ id: "a", time, variable: "y", value: 0 })),
      ],
      { time: { unit: "hours" }, variables: ["x", "y"] },
    ).observations;
  const filled = (given: Observations): number[] =>
    list(applyImputer(fitImputer(given, { imputation: "spline" }), given).values).filter((_, at) => at % 2 === 0);
  expect(
    filled(
      row(
        [
          [1, 2],
          [5, 10],
        ],
        [0, 2, 4, 7],
      ),
    ),
  ).toEqual([2, 2, 4, 8, 10, 10]);
  expect(filled(row([[1, 2]], [0, 3]))).toEqual([2, 2, 2]);
  // The natural spline through (0, 0), (1, 1), (2, 0): 1.5 s - 0.5 s^3 up to 1.
  expect(
    filled(
      row(
        [
          [0, 0],
          [1, 1],
          [2, 0],
        ],
        [0.5],
      ),
    )[1],
  ).toBeCloseTo(0.6875, 14);
});

test("what was fitted does not see the other rows", () => {
  const [one, all] = [takeRows(data, [0]), fitScaler(data)];
  expect(fitScaler(one)).not.toEqual(all);
  expect(fitScaler(one)).toEqual(fitScaler(takeRows(takeRows(data, [2, 0, 1]), [1])));
});

test.each<[string, () => unknown, string]>([
  [
    "scaling",
    () => fitScaler(data, { scaling: "robust" as never }),
    'fitScaler: scaling is "robust", expected "standard',
  ],
  [
    "option",
    () => fitScaler(data, { kind: "min-max" } as object),
    "fitScaler: unknown option kind; did you mean scaling?",
  ],
  [
    "imputation",
    () => fitImputer(data, { imputation: "cubic" as never }),
    'fitImputer: imputation is "cubic", expected mean, forward, backward, linear, spline, none',
  ],
  [
    "variables",
    () => applyScaler(fitScaler(mixed), data),
    "applyScaler: it was fitted to x, state (up/down), never, but the data have glucose, heart rate, lactate; they must",
  ],
  [
    "units",
    () =>
      applyImputer(fitImputer(data, { imputation: "mean" }), {
        ...data,
        variables: data.variables.map(({ name }) => ({ name, unit: "kg" })),
      }),
    "but the data have glucose [kg], heart rate [kg], lactate [kg]",
  ],
  [
    "too large",
    () =>
      fitScaler(
        fromRecords(
          [-1e308, 1e308].map((value, time) => ({ id: 1, time, variable: "x", value })),
          { time: { unit: "hours" } },
        ).observations,
      ),
    "fitScaler: the values of x are too large to be scaled",
  ],
])("bad input: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
