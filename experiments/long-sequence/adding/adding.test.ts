import { adding as addingProblem } from "@sluice/data";
import { parameterCount } from "@sluice/params";
import { key, leavesOf, tensor, valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { addingModel, type AddingModelOptions } from "./model.ts";
import adding from "./study.ts";

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
  perTask: { short: { time: 6 }, middle: { time: 8 }, long: { time: 10 } },
};

describe("the study", () => {
  const laws = studySuite(adding, {
    size,
    stopAt: [4, 5, 12],
    unreached: ["stepsToSolve"],
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a trial", () => {
  const config = { ...adding.settings, ...size, time: 4, hidden: 8, train: 200, validation: 100, validateEvery: 10 };

  test("ends when the problem is solved, and says after how many steps", async () => {
    const { outcome, left } = await runInMemory(adding, { config: { ...config, epochs: 100, learningRate: 0.02 } });
    const { solved, stepsToSolve } = outcome?.metrics ?? {};
    const curve = left.rows.flatMap(({ step, validationMse }) =>
      validationMse === undefined ? [] : [{ step, validationMse }],
    );
    expect(curve.at(-1)?.validationMse).toBeLessThanOrEqual(1 / 600);
    expect(curve.slice(0, -1).every(({ validationMse }) => validationMse > 1 / 600)).toBe(true);
    expect([solved, stepsToSolve]).toEqual([100, curve.at(-1)?.step]);
    expect(stepsToSolve).toBeLessThan(2000);
  });

  test("draws the gradient over time at the start and at the end", async () => {
    const { left } = await runInMemory(adding, { config });
    const { x, lines } = left.series["gradient-flow-1-0-h"]!;
    expect(Array.from(x.values)).toEqual([1, 2, 3, 4]);
    expect(Object.keys(lines)).toEqual(["start of training", "end of training"]);
  });

  test("without clipping has other weights where the gradient is larger than the limit", async () => {
    const weightsOf = async (clipped: boolean, clip: number) =>
      (await runInMemory(adding, { config: { ...config, clipped, clip } })).outcome?.weights;
    expect(await weightsOf(true, 1e-3)).not.toBe(await weightsOf(false, 1e-3));
    expect(await weightsOf(true, 1e6)).toBe(await weightsOf(false, 1e-3));
  });
});

test.for([200, 400, 600])("always answering 1 has an error near 1/6 on the test data of %i steps", (time) => {
  const { train, validation, test: samples } = adding.settings;
  const targets = valuesOf(addingProblem({ time, train: 1, validation, test: samples }).test.y);
  const error = Array.from(targets, (y) => (Number(y) - 1) ** 2).reduce((sum, square) => sum + square, 0) / samples;
  // The standard deviation of (y - 1)^2 is 0.197, so that of the mean of 1000 is 0.006.
  expect(Math.abs(error - 1 / 6)).toBeLessThan(3 * 0.0062);
  expect(train).toBeGreaterThan(samples);
});

/** The initial biases of the first layer. */
function biasesOf(options: AddingModelOptions): number[] {
  const bias = leavesOf(addingModel(options).init(key(3))).find(({ path }) => path === "0.b");
  return Array.from(valuesOf(bias?.tensor ?? tensor([])), Number);
}

describe("the models", () => {
  const common = { time: 600, hidden: 130, layers: 1, forgetBias: 1, chrono: false, norm: "none" } as const;

  test("the paper’s LSTM has about 70,000 parameters", () => {
    expect(parameterCount(addingModel({ ...common, cell: "lstm" }))).toBe(4 * 130 * (2 + 130 + 1) + 131);
  });

  test("chrono initialization opens the gates for up to as many steps as the sequence has", () => {
    const gates = { gru: [1], lstm: [1, 0] } as const;
    for (const cell of ["gru", "lstm"] as const) {
      const biases = biasesOf({ ...common, cell, chrono: true });
      const [forget, input] = gates[cell].map((gate) => biases.slice(130 * gate, 130 * (gate + 1)));
      // U(1, T - 1) steps.
      expect(Math.exp(Math.max(...(forget ?? [])))).toBeGreaterThan(500);
      expect(Math.exp(Math.max(...(forget ?? [])))).toBeLessThan(599);
      if (input !== undefined) expect(input).toEqual(forget?.map((bias) => -bias));
    }
  });

  test("the forget bias is the LSTM’s", () => {
    const biasOf = (forgetBias: number) => biasesOf({ ...common, hidden: 2, cell: "lstm", forgetBias });
    expect(biasOf(1).map((bias, i) => bias - (biasOf(0)[i] ?? NaN))).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
});

test("the published errors are of the setting of the budget paper", () => {
  expect(adding.anchors.map(({ variant, value, sameSetting }) => [variant, value, sameSetting])).toEqual(
    Object.entries({ GRU: 5.3e-5, LSTM: 0.164, RNN: 0.177 }).map(([variant, value]) => [
      variant,
      value,
      { budgets: ["paper"] },
    ]),
  );
  expect(adding.anchors.every(({ variant }) => variant in adding.variants)).toBe(true);
});
