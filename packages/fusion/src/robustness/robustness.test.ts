import { readFileSync } from "node:fs";
import { key, normal, reshape, sliceAxis, sub, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  concatenation,
  dropFromModality,
  effectiveRobustness,
  noisyModality,
  relativeRobustness,
  robustnessCurves,
  type DescribedModality,
} from "../index.ts";

interface Case {
  readonly method: string;
  readonly task: string;
  readonly scores: readonly number[];
  readonly baseline: readonly number[];
  readonly relative: number;
  readonly effective: number;
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/fusion/robustness.json", import.meta.url), "utf8"),
);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe("MultiBench's robustness", () => {
  test.each(cases)("$method, $task", ({ scores, baseline, relative, effective }) => {
    const levels = scores.map((_, i) => i / 10);
    expect(relativeRobustness(levels, scores)).toBeCloseTo(relative, 12);
    expect(effectiveRobustness(scores, baseline)).toBeCloseTo(effective, 12);
  });

  test("curves of modalities, on levels that are not equally far", async () => {
    const worth = { audio: 1, text: 2 };
    const { scores, relative } = await robustnessCurves(
      ["audio", "text"],
      [0, 0.5, 2],
      (name, level) => 8 - level * worth[name],
    );
    expect(scores).toEqual({ audio: [8, 7.5, 6], text: [8, 7, 4] });
    // Lines, so trapezoids are exact: the integral of 8 - w l from 0 to 2.
    expect(relative.audio).toBeCloseTo(14, 12);
    expect(relative.text).toBeCloseTo(12, 12);
  });

  test.each<[string, () => unknown, string]>([
    ["one score", () => relativeRobustness([0], [1]), "relativeRobustness: expected at least 2 levels, got 1"],
    [
      "levels that fall",
      () => relativeRobustness([0, 0.2, 0.1], [1, 1, 1]),
      "relativeRobustness: levels must be finite and increase, got 0.1 after 0.2",
    ],
    [
      "a score that is NaN",
      () => relativeRobustness([0, 1], [1, NaN]),
      "relativeRobustness: a score is NaN, expected finite numbers",
    ],
    [
      "a baseline of another length",
      () => effectiveRobustness([1, 2], [1]),
      "effectiveRobustness: the baseline: expected 2 scores, one for each level, got 1",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("curves say what is wrong", async () => {
    await expect(robustnessCurves(["a", "a"], [0, 1], () => 0)).rejects.toThrow(
      "robustnessCurves: the modality a comes twice",
    );
    await expect(robustnessCurves(["a"], [0, 1], (_, level) => 1 / level)).rejects.toThrow(
      "robustnessCurves: the score with a at level 0 is Infinity, expected a finite number",
    );
  });
});

describe("imperfect modalities", () => {
  const rows = 4000;
  const present = tensor(
    Array.from({ length: rows }, (_, row) => Number(row % 4 > 0)),
    [rows],
    { dtype: "bool" },
  );
  const given = { a: { x: normal(key(1), [rows, 2]), present }, s: normal(key(2), [rows, 3, 1]) };
  const partsOf = (modality: unknown): DescribedModality => Object(modality);

  test("noise has its deviation, and what is there stays", () => {
    const { a, s } = noisyModality(given, "a", { deviation: 0.5, key: key(3) });
    const noise = numbers(sub(partsOf(a).x, given.a.x));
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    // Four standard deviations of a variance of 8,000 numbers: 4 sqrt(2 / 8000) 0.25.
    expect(Math.abs(variance - 0.25)).toBeLessThan(0.016);
    expect(partsOf(a).present).toBe(present);
    expect(s).toBe(given.s);
    expect(numbers(partsOf(noisyModality(given, "s", { deviation: 0, key: key(3) }).s).x)).toEqual(numbers(given.s));
  });

  test("rows are dropped at the rate, and what is missing stays missing", () => {
    const { a } = dropFromModality(given, "a", { rate: 0.4, key: key(4) });
    const kept = numbers(partsOf(a).present!);
    expect(kept.every((flag, row) => flag === 0 || row % 4 > 0)).toBe(true);
    // Four standard deviations: 4 sqrt(0.25 / 3000).
    expect(Math.abs(kept.reduce((x, y) => x + y, 0) / 3000 - 0.6)).toBeLessThan(0.037);
    for (const [rate, count] of [
      [0, 3000],
      [1, 0],
    ] as const)
      expect(
        numbers(partsOf(dropFromModality(given, "a", { rate, key: key(4) }).a).present!).reduce((x, y) => x + y, 0),
      ).toBe(count);
  });

  test("steps are dropped, of sequences that may lack rows", () => {
    const whole = dropFromModality(given, "s", { rate: 0.5, key: key(5), what: "steps" }).s;
    const some = dropFromModality({ ...given, s: { x: given.s, present } }, "s", {
      rate: 0.5,
      key: key(5),
      what: "steps",
    }).s;
    const [all, part] = [whole, some].map((s) => numbers(partsOf(s).present!));
    expect(Math.abs(all!.reduce((x, y) => x + y, 0) / (3 * rows) - 0.5)).toBeLessThan(0.02);
    expect(part).toEqual(all!.map((flag, i) => (Math.floor(i / 3) % 4 > 0 ? flag : 0)));
    const rowsThen = dropFromModality({ s: partsOf(whole) }, "s", { rate: 0.5, key: key(6) }).s;
    expect(partsOf(rowsThen).present!.shape).toEqual([rows, 3]);
  });

  test("a fusion takes what comes of it", () => {
    const fusion = concatenation({ inputs: { a: 2, s: 1 }, presence: true });
    const vectors = { a: given.a, s: reshape(sliceAxis(given.s, 1, 0, 1), [rows, 1]) };
    const { output } = fusion.apply({}, dropFromModality(vectors, "s", { rate: 1, key: key(7) }));
    expect(numbers(sliceAxis(output, 1, 4, 5)).every((flag) => flag === 0)).toBe(true);
  });

  test.each<[string, () => unknown, string]>([
    [
      "noise of a modality that is not there",
      () => noisyModality(given, Object("b"), { deviation: 1, key: key(1) }),
      "noisyModality: unknown modality b; known: a, s",
    ],
    [
      "noise on token ids",
      () => noisyModality({ t: tensor([1, 2], [2], { dtype: "i32" }) }, "t", { deviation: 1, key: key(1) }),
      "noisyModality: modality t is i32, expected floats",
    ],
    [
      "a negative deviation",
      () => noisyModality(given, "a", { deviation: -1, key: key(1) }),
      "noisyModality: deviation must be a finite number >= 0, got -1",
    ],
    [
      "a rate above 1",
      () => dropFromModality(given, "a", { rate: 1.1, key: key(1) }),
      "dropFromModality: rate must lie in [0, 1], got 1.1",
    ],
    [
      "steps of a vector",
      () => dropFromModality(given, "a", { rate: 0.1, key: key(1), what: "steps" }),
      "dropFromModality: modality a has no steps; drop rows",
    ],
    [
      "what is neither",
      () => dropFromModality(given, "a", { rate: 0.1, key: key(1), what: Object("row") }),
      "dropFromModality: unknown what row; did you mean rows?",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
