import { bitStreamXor, dataFolder, DataError } from "@sluice/data";
import { trialConfig } from "@sluice/study";
import { add, key, mul, onesLike, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { afterAll, describe, expect, inject, test } from "vitest";
import { departures, openingOf, worthOfGates } from "./gates.ts";
import { gatedModel, type CellName } from "./model.ts";
import study from "./study.ts";
import { events, newKeys } from "./tasks.ts";

const folder = dataFolder();
const backend = wasm();
afterAll(() => backend.close());

/** The settings that differ. */
const size = { longest: 6, train: 200, validation: 50, test: 20, hidden: 3, batch: 20, epochs: 2 };
const every = { logEvery: 3, validateEvery: 5 };

// The chorales take seconds however small the networks are.
describe("the study", () => {
  const laws = studySuite(study, {
    // A rate with which some validation is better than that of the initial weights.
    size: { ...size, ...every, learningRate: 0.03, perTask: { chorales: { ...size, ...every, batch: 60, epochs: 2 } } },
    dataFolder: folder ?? null,
    skip: !inject("long")
      ? "it is for npm run test:long"
      : folder === undefined
        ? "SLUICE_DATA names no data folder"
        : undefined,
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

test("without the chorales the study says which file is missing", async () => {
  const missing = study.data?.({ dataFolder: "/nowhere" });
  await expect(missing).rejects.toThrow(DataError);
  await expect(missing).rejects.toThrow(/polymusic\/jsb-chorales\.json/);
});

describe("a trial on events", () => {
  const config = { ...trialConfig(study, { task: "events", variant: "GRU" }), ...size, ...every };

  test("needs no data folder, and looks at no test data while it tunes", async () => {
    const { outcome, left } = await runInMemory(study, { config });
    expect(outcome?.metrics?.["accuracy"]).toBeGreaterThanOrEqual(0);
    expect(Object.keys(left.series).sort()).toEqual(["fixed-gates", "gates-by-time"]);
    const tuned = await runInMemory(study, { config, tuning: true });
    expect(Object.keys(tuned.outcome?.metrics ?? {})).toEqual(["validationLoss"]);
    expect(tuned.left.series).toEqual({});
  });
});

describe("the worth of gates", () => {
  const task = events({ longest: 6, steps: 6, train: 30, validation: 0, test: 0 });
  const { train: sequences } = task.data;
  const of = async (cell: CellName) => {
    const model = gatedModel({ cell, hidden: 3, ...task.sizes });
    const weights = model.init(key(4));
    let lines: Readonly<Record<string, ArrayLike<number>>> = {};
    const looked = { cell, model, weights, task, sequences, backend };
    const worth = await worthOfGates({ series: (_, series) => void (lines = series.lines) }, looked);
    return { model, weights, lines, worth };
  };

  test("is the rise of the loss, as with gates replaced by hand", async () => {
    const { model, weights, worth, lines } = await of("gru");
    const { x, y, lengths } = sequences;
    const lossWith = (intervene: (name: string, value: Tensor) => Tensor): number =>
      valuesOf(task.loss(model.apply(weights, x, { lengths, intervene }).output, y, {}))[0] ?? Number.NaN;
    const intact = lossWith((_, value) => value);
    const { traces } = model.apply(weights, x, { lengths, traces: ["0.reset", "0.update"] });
    const atMean = (gate: string): number => {
      const means = realMeans(traces[gate]!, lengths);
      return lossWith((name, value) => (name === gate ? add(mul(value, 0), tensor(means)) : value));
    };
    expect(worth.readAtMean).toBeCloseTo(atMean("0.reset"), 5);
    expect(worth.readWorth).toBeCloseTo(atMean("0.reset") - intact, 5);
    expect(worth.keepWorth).toBeCloseTo(atMean("0.update") - intact, 5);
    const open = lossWith((name, value) => (name === "0.update" ? onesLike(value) : value));
    expect(lines["update"]?.[4]).toBeCloseTo(open, 5);
  });

  test("of a reading gate is 0 where there is none", async () => {
    for (const cell of ["gruWithoutReset", "mgu"] as const) {
      const { worth, lines } = await of(cell);
      expect(worth.readWorth).toBe(0);
      expect(Object.keys(lines)).toEqual([cell === "mgu" ? "forget" : "update"]);
    }
    expect(Object.keys((await of("lstm")).lines)).toEqual(["forget", "input", "output"]);
  });
});

test("the kept share is that of the real steps, and 1 - f of an MGU", async () => {
  const task = events({ longest: 6, steps: 6, train: 30, validation: 0, test: 0 });
  const { train: sequences } = task.data;
  for (const [cell, trace] of [
    ["gru", "0.update"],
    ["mgu", "0.forget"],
  ] as const) {
    const model = gatedModel({ cell, hidden: 3, ...task.sizes });
    const weights = model.init(key(4));
    const looked = { cell, model, weights, task, sequences, backend };
    const { kept, saturated, timeScale } = await openingOf({ series: () => undefined }, looked);
    const { traces } = model.apply(weights, sequences.x, { lengths: sequences.lengths, traces: [trace] });
    const shares = realMeans(traces[trace]!, sequences.lengths).map((value) => (cell === "mgu" ? 1 - value : value));
    expect(kept).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / 3, 5);
    expect(timeScale).toBeCloseTo(1 / (1 - shares.toSorted((a, b) => a - b)[1]!), 4);
    expect(saturated).toBeGreaterThanOrEqual(0);
    expect(saturated).toBeLessThanOrEqual(100);
  }
});

test("departures are distances of a group's means, unit by unit, and leave padding out", () => {
  // Two rows of 3 steps and 2 units; the last step of the second row is padding.
  const gate = tensor([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 9, 9], [2, 3, 2]);
  const lengths = tensor(Int32Array.from([3, 2]));
  const found = departures(gate, { groups: [1, 2, 1, 2, 1, 1], most: 3, lengths });
  // Means over all five steps: 0.4 and 0.6. Group 1: 0 and 1. Group 2: 1 and 0.
  expect(found.map((value) => Number(value.toFixed(6)))).toEqual([0.4, 0.6, Number.NaN]);
});

test("groups of steps: bits since the last event, and keys that begin", () => {
  const options = { longest: 6, steps: 6, train: 30, validation: 0, test: 0 } as const;
  const { elapsed } = bitStreamXor(options).train;
  const task = events(options);
  const groups = Array.from(task.groups.of(task.data.train));
  expect(groups).toEqual([...valuesOf(elapsed)].map((time) => Math.round(6 * time)));
  expect(Math.max(...groups)).toBeGreaterThan(1);
  // The second row begins anew.
  expect(newKeys({ x: tensor([1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0], [2, 2, 3]) })).toEqual([2, 1, 1, 0]);
});

/** The mean of each of 3 units over the real steps of `[examples, time, 3]`. */
function realMeans(trace: Tensor, lengths: Tensor): number[] {
  const [, time = 0] = trace.shape;
  const [values, steps] = [valuesOf(trace), valuesOf(lengths)];
  const sums = [0, 0, 0];
  let count = 0;
  for (let row = 0; row < steps.length; row++)
    for (let t = 0; t < steps[row]!; t++, count++)
      for (let unit = 0; unit < 3; unit++) sums[unit]! += values[(row * time + t) * 3 + unit]!;
  return sums.map((sum) => sum / count);
}
