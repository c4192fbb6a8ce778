import { gru, rnn } from "@sluice/cells";
import { adding } from "@sluice/data";
import { inProcess, memoryStore, planRun, runStudy } from "@sluice/study";
import { isTensor, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import type { Splits } from "../data.ts";
import { compare, type CompareOptions } from "../index.ts";
import { splitsOfFold } from "./folds.ts";

/** Examples whose feature is their number, with classes and groups. */
function numbered(from: number, rows: number) {
  const numbers = Array.from({ length: rows }, (_, row) => from + row);
  const ints = (of: (n: number) => number) => tensor(Int32Array.from(numbers, of), [rows]);
  return {
    x: tensor(Float32Array.from(numbers), [rows, 1, 1]),
    y: ints((n) => n % 3),
    speaker: ints((n) => Math.floor(n / 5)),
  };
}
const splits: Splits = { train: numbered(0, 18), validation: numbered(18, 6), test: numbered(24, 6) };
const fold = (index: number, { seed = 1, groups }: { seed?: number; groups?: string } = {}) =>
  splitsOfFold("test", splits, { fold: { index, of: 3 }, seed, kind: "classification", groups });
const part = (examples: Splits["train"] | undefined, name: string): number[] => {
  const values = examples?.[name];
  return values !== undefined && isTensor(values) ? [...valuesOf(values)] : [];
};

describe("the rows of a fold", () => {
  test("every example is tested once, and is in one split of a fold, with its share of every class", () => {
    const tested = [0, 1, 2].flatMap((index) => part(fold(index).test, "x"));
    expect(tested.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    for (const index of [0, 1, 2]) {
      const { train, validation, test } = fold(index);
      const sizes = [train, validation, test].map((one) => part(one, "x").length);
      expect(sizes).toEqual([16, 4, 10]);
      expect(new Set([train, validation, test].flatMap((one) => part(one, "x"))).size).toBe(30);
      const counts = [0, 1, 2].map((wanted) => part(test, "y").filter((y) => y === wanted).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      // All parts of an example stay together.
      for (const one of [train, validation, test]) expect(part(one, "y")).toEqual(part(one, "x").map((n) => n % 3));
    }
  });

  test("another seed is another division, the same one the same", () => {
    expect(fold(0)).toEqual(fold(0));
    expect(part(fold(0).test, "x")).not.toEqual(part(fold(0, { seed: 2 }).test, "x"));
  });

  test("no group is in two splits", () => {
    for (const index of [0, 1, 2]) {
      const { train, validation, test } = fold(index, { groups: "speaker" });
      const groups = [train, validation, test].map((one) => new Set(part(one, "speaker")));
      expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(6);
    }
  });
});

const sums = adding({ time: 6, train: 20, validation: 6, test: 10 });
const options: CompareOptions = {
  ...{ name: "folded", cells: { rnn, gru }, tasks: [sums] },
  ...{ hidden: 4, epochs: 1, batch: 20, seeds: 1, folds: 3 },
};

test("a study with folds has a trial per fold, and tests each on other examples", async () => {
  const { records, document } = await runStudy(
    await planRun(compare(options), { store: memoryStore(), executor: inProcess() }),
  );
  expect(records.map(({ variant, fold, status }) => [variant, fold?.index, status])).toEqual(
    expect.arrayContaining(["rnn", "gru"].flatMap((cell) => [0, 1, 2].map((index) => [cell, index, "done"]))),
  );
  expect(records).toHaveLength(6);
  const of = (cell: string) => records.filter(({ variant }) => variant === cell).map(({ metrics }) => metrics["rmse"]);
  expect(new Set(of("gru")).size).toBe(3);
  const summary = document.summary.find(({ variant, metric }) => variant === "gru" && metric === "rmse");
  expect(summary?.mean).toBeCloseTo(of("gru").reduce<number>((sum, one) => sum + Number(one), 0) / 3, 12);
});

test.for<[object, string]>([
  [{ folds: 1 }, "compare: expected folds as an integer >= 2, got 1"],
  [
    { folds: undefined, tasks: [{ data: sums, groups: "speaker" }] },
    "compare: task adding, 6 steps: groups are for folds, and there are none",
  ],
  [
    { tasks: [{ data: sums, groups: "speaker" }] },
    'groups is "speaker", and this part of the examples is missing; expected a number per example, [examples]. The parts are x, y',
  ],
])("%#", ([changed, message]) => {
  expect(() => compare({ ...options, ...changed })).toThrow(message);
});

test("splits of other shapes cannot be put together, and a task without validation data can be tuned", () => {
  const longer: Splits = { train: sums.train, test: adding({ time: 7, train: 0, validation: 0, test: 10 }).test };
  const given = { fold: { index: 0, of: 3 }, seed: 0, kind: "regression" as const, groups: undefined };
  expect(() => splitsOfFold("compare: task sums", longer, given)).toThrow(
    "compare: task sums: folds put the examples of all splits together, but x is [20,6,2] and [10,7,2]",
  );
  const untuned = adding({ time: 6, train: 20, validation: 0, test: 10 });
  expect(() => compare({ ...options, tasks: [untuned], tune: { rate: [1e-3, 1e-1] } })).not.toThrow();
});
