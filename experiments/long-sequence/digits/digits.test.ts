import { describe, expect, test } from "vitest";
import { runInMemory, studySuite, type Left } from "@sluice/trials/testing";
import digits from "./study.ts";

/** The settings that differ. */
const size = {
  train: 40,
  validation: 20,
  test: 20,
  hidden: 4,
  batch: 10,
  epochs: 3,
  logEvery: 3,
  validateEvery: 5,
  flowExamples: 5,
};

const rows = { ...digits.settings, ...size, size: 14, cell: "lstm" };

describe("the study", () => {
  const laws = studySuite(digits, { size, stopAt: [4, 5, 12], diverging: { learningRate: 1e38 } });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a trial", () => {
  const whole = runInMemory(digits, { config: rows });

  test("takes a row of metrics at every point of its curves", async () => {
    const { left } = await whole;
    // 40 images in batches of 10, 3 epochs: 12 steps; a point every 3, a validation at first, every 5 and at last.
    expect(left.rows.filter((row) => "loss" in row).map(({ step }) => step)).toEqual([3, 6, 9, 12]);
    expect(left.rows.filter((row) => "validation" in row).map(({ step }) => step)).toEqual([0, 5, 10, 12]);
  });

  test("looks at the gradient of every state, at the start and the end", async () => {
    const { left } = await whole;
    const { gates, ...flow } = left.series;
    expect(Object.keys(gates?.lines ?? {}).sort()).toEqual(["forget", "input", "output"]);
    for (const openness of Object.values(gates?.lines ?? {}))
      expect(Array.from(openness).every((value) => value > 0 && value < 1)).toBe(true);
    expect(Object.keys(flow)).toEqual(["gradient-flow-1-0-h", "gradient-flow-2-0-c"]);
    for (const { x, lines } of Object.values(flow)) {
      expect(Array.from(x.values)).toEqual(Array.from({ length: 14 }, (_, t) => t + 1));
      expect(Object.keys(lines)).toEqual(["start of training", "end of training"]);
      expect(lines["start of training"]).not.toEqual(lines["end of training"]);
    }
    const horizons = left.rows.flatMap(({ step, horizon }) => (horizon === undefined ? [] : [{ step, horizon }]));
    expect(horizons.map(({ step }) => step)).toEqual([0, 5, 10, 12]);
    expect(horizons.every(({ horizon }) => horizon >= 0 && horizon <= 13)).toBe(true);
  });

  test("has other weights with another cell, and learns more with a larger step", async () => {
    const [{ outcome }, gru, fast] = await Promise.all([
      whole,
      runInMemory(digits, { config: { ...rows, cell: "gru" } }),
      runInMemory(digits, { config: { ...rows, learningRate: 0.05 } }),
    ]);
    expect(gru.outcome?.weights).not.toBe(outcome?.weights);
    const lossOf = ({ rows: curve }: Left): number => curve.findLast((row) => "loss" in row)?.["loss"] ?? NaN;
    expect(lossOf(fast.left)).toBeLessThan(lossOf((await whole).left));
  });

  test("of a hidden size of 0 is an error that says so", async () => {
    await expect(runInMemory(digits, { config: { ...rows, hidden: 0 } })).rejects.toThrow(/hidden.*0/);
  });
});

test("the published figures are marked as of another setting", () => {
  expect(digits.anchors.map(({ sameSetting }) => sameSetting)).not.toContain(true);
  expect(digits.anchors.map(({ variant }) => variant).every((variant) => variant in digits.variants)).toBe(true);
});
