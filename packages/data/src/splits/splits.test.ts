import { readFileSync } from "node:fs";
import { key, tensor, valuesOf } from "@sluice/tensor";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  balancedClassWeights,
  splitByGroup,
  splitByTime,
  stratifiedSplit,
  type RowValues,
  type Split,
} from "../index.ts";

interface Fixture {
  readonly stratified: readonly { labels: number[]; test: number; counts: number[] }[];
  readonly groups: readonly { groups: number[]; test: number; count: number }[];
  readonly weights: readonly { labels: number[]; classes: number; weights: number[] }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/data/splits.json", import.meta.url), "utf8"),
);

const rowsOf = ({ train, validation, test }: Split): number[] => [...train, ...validation, ...test];
const ascending = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const keys = fc.nat().map((n) => key(n));
const shares = fc.record({
  validation: fc.constantFrom(0, 0.1, 0.25, 0.4),
  test: fc.constantFrom(0, 0.1, 0.2, 0.5),
});

/** The split, or undefined where it is refused. */
function unlessRefused(make: () => Split): Split | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toMatchObject({ name: "TensorError" });
    return undefined;
  }
}

describe("as in scikit-learn", () => {
  test("stratified parts have as many rows of each class", () => {
    expect(fixture.stratified).toHaveLength(40);
    for (const { labels, test: share, counts } of fixture.stratified) {
      const { test: rows } = stratifiedSplit(labels, { test: share, key: key(3) });
      expect(counts.map((_, c) => rows.filter((row) => labels[row] === c).length)).toEqual(counts);
    }
  });

  test("parts have as many groups", () => {
    expect(fixture.groups).toHaveLength(20);
    for (const { groups, test: share, count } of fixture.groups) {
      const { test: rows } = splitByGroup(groups, { test: share, key: key(3) });
      expect(new Set(Array.from(rows, (row) => groups[row])).size).toBe(count);
    }
  });

  test("balanced weights of classes", () => {
    for (const { labels, classes, weights } of fixture.weights)
      expect([...valuesOf(balancedClassWeights(labels, classes))]).toEqual(weights.map(Math.fround));
  });
});

describe("every row is in one part, ascending", () => {
  const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 60 });
  const splits: readonly [string, (rows: RowValues, options: { validation: number; test: number }) => Split][] = [
    ["splitByGroup", (rows, options) => splitByGroup(rows, { ...options, key: key(5) })],
    ["stratifiedSplit", (rows, options) => stratifiedSplit(rows, { ...options, key: key(5) })],
    ["splitByTime", splitByTime],
  ];
  test.each(splits)("%s", (_, split) => {
    let made = 0;
    fc.assert(
      fc.property(values, shares, (rows, options) => {
        const found = unlessRefused(() => split(rows, options));
        if (found === undefined) return;
        made++;
        expect(ascending(rowsOf(found))).toEqual(range(rows.length));
        for (const part of Object.values(found)) expect([...part]).toEqual(ascending(part));
        expect(split(tensor(Int32Array.from(rows)), options)).toEqual(found);
        expect(split(Float64Array.from(rows), options)).toEqual(found);
      }),
    );
    expect(made).toBeGreaterThan(0);
  });
});

test("no group is in two parts, and another key draws other groups", () => {
  const groups = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(groups, shares, keys, (names, options, k) => {
      const found = unlessRefused(() => splitByGroup(names, { ...options, key: k }));
      if (found === undefined) return;
      const [train, validation, testing] = [found.train, found.validation, found.test].map(
        (rows) => new Set(Array.from(rows, (row) => names[row])),
      );
      expect([...(train ?? [])].filter((name) => validation?.has(name) || testing?.has(name))).toEqual([]);
      expect([...(validation ?? [])].filter((name) => testing?.has(name))).toEqual([]);
    }),
  );
  const many = range(200);
  const tests = range(5).map((seed) => splitByGroup(many, { key: key(seed) }).test.join());
  expect(new Set(tests).size).toBe(5);
});

test("each part has each class within a row of its share, or two after another part", () => {
  const labels = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 80 });
  fc.assert(
    fc.property(labels, shares, keys, (classes, options, k) => {
      const found = unlessRefused(() => stratifiedSplit(classes, { ...options, key: k }));
      if (found === undefined) return;
      for (const c of new Set(classes)) {
        const share = classes.filter((other) => other === c).length / classes.length;
        const inPart = (rows: Int32Array): number => rows.filter((row) => classes[row] === c).length;
        expect(Math.abs(inPart(found.train) - share * found.train.length)).toBeLessThan(1);
        for (const rows of [found.validation, found.test])
          expect(Math.abs(inPart(rows) - share * rows.length)).toBeLessThan(2);
      }
    }),
  );
});

test("training is before validation, and validation before testing", () => {
  const times = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(times, shares, (given, options) => {
      const found = unlessRefused(() => splitByTime(given, options));
      if (found === undefined) return;
      const [train = [], validation = [], testing = []] = [found.train, found.validation, found.test].map((rows) =>
        Array.from(rows, (row) => given[row] ?? NaN),
      );
      expect(Math.max(...train)).toBeLessThan(Math.min(...validation, ...testing));
      if (validation.length > 0) expect(Math.max(...validation)).toBeLessThan(Math.min(...testing));
      expect(train.length).toBeGreaterThan(0);
    }),
  );
  expect(splitByTime([4, 1, 3, 2, 5], { validation: 0.2, test: 0.2 })).toEqual({
    train: Int32Array.of(1, 2, 3),
    validation: Int32Array.of(0),
    test: Int32Array.of(4),
  });
});

const k = key(0);
test.each<[() => unknown, string]>([
  [() => splitByGroup([], { key: k }), "splitByGroup: groups must be a tensor [rows] or a list"],
  [
    () => splitByGroup([1, NaN], { key: k }),
    "splitByGroup: groups of row 1 is NaN, expected a finite number or a word",
  ],
  [() => splitByGroup([1, 1], { key: k }), "splitByGroup: 1 groups are too few: 0 for validation and 1 for testing"],
  [() => splitByGroup([1, 2], { test: 1, key: k }), "splitByGroup: test must be a share from 0 to less than 1, got 1"],
  [() => splitByGroup([1, 2], { test: 0.5, validation: 0.5, key: k }), "leave nothing for training"],
  [() => splitByGroup(tensor([1, 2], [1, 2]), { key: k }), "groups has the shape [1, 2], expected [rows]"],
  [() => stratifiedSplit([0, 0, 1], { test: 0.5, key: k }), "stratifiedSplit: the class 1 has 1 row"],
  [() => stratifiedSplit([0, 0, 0, 0, 1, 1], { test: 0.1, key: k }), "test has 1 rows, fewer than the 2 classes"],
  [() => splitByTime(["monday", "tuesday"]), 'splitByTime: times of row 0 is "monday", expected a number'],
  [() => balancedClassWeights([0, 2], 3), "balancedClassWeights: the class 1 has no row"],
  [() => balancedClassWeights([0, 3], 3), "the label of row 1 is 3, expected an integer from 0 to 2"],
])("refuses %s", (call, message) => {
  expect(call).toThrow(message);
});
