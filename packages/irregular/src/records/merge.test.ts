import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromCsv, fromRecords, mergeObservations, type CsvOptions, type ObservedRecord } from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];
const wide: CsvOptions = { layout: "wide", time: { unit: "minutes" } };

test("two sampling rates: every true time, and what was observed then", () => {
  const pulse = fromCsv("id,time [s],pulse [bpm]\na,0,80\na,30,82\na,60,81\nb,0,70\n", wide).observations;
  const lab = fromCsv("id,time [h],sex,lactate\na,0,1,2.1\na,1,1,1.9\nc,0,0,1.0\n", { ...wide, statics: ["sex"] });
  const merged = mergeObservations([pulse, lab.observations]);
  expect(merged).toMatchObject({
    ids: ["a", "b", "c"],
    timeUnit: "minutes",
    variables: [{ name: "pulse", unit: "bpm" }, { name: "lactate" }],
  });
  expect(list(merged.offsets)).toEqual([0, 4, 5, 6]);
  expect(list(merged.times)).toEqual([0, 0.5, 1, 60, 0, 0]);
  expect(list(merged.values)).toEqual([80, 2.1, 82, NaN, 81, NaN, NaN, 1.9, 70, NaN, NaN, 1]);
  expect(list(merged.mask)).toEqual([1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1]);
  expect([list(merged.statics.values), list(merged.statics.mask)]).toEqual([
    [1, NaN, 0],
    [1, 0, 1],
  ]);
});

test("records read apart and merged are the records read together", () => {
  const record: fc.Arbitrary<ObservedRecord> = fc.record({
    id: fc.constantFrom("a", "b", 10, 9),
    time: fc.integer({ min: -3, max: 3 }),
    variable: fc.constantFrom("x", "y", "z", "sex"),
    value: fc.integer(),
  });
  const options = { time: { unit: "hours" }, sameTime: "mean" } as const;
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const of = (variables: string[], statics: string[] = []) =>
        fromRecords(records, { ...options, variables, statics }).observations;
      expect(mergeObservations([of(["x"]), of(["y", "z"], ["sex"])])).toEqual(of(["x", "y", "z"], ["sex"]));
    }),
  );
});

test("what cannot be merged is named", () => {
  const of = (variable: string, unit: "hours" | "days") =>
    fromRecords([{ id: "a", time: 1, variable, value: 1 }], { time: { unit } }).observations;
  expect(() => mergeObservations([of("x", "hours"), of("y", "days")])).toThrow(
    "mergeObservations: the times of data set 1 are in days, those of the first in hours; read both with the same",
  );
  expect(() => mergeObservations([of("x", "hours"), of("x", "hours")])).toThrow(
    'mergeObservations: "x" is in two data sets; leave it out of one',
  );
  expect(() => mergeObservations([])).toThrow("mergeObservations: expected at least one data set, got none");
});
