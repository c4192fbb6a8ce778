import { type Results } from "@sluice/study";
import { sequence } from "@sluice/cells";
import { key, mapTree, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { authorsRnnDecay } from "./authors-rnn-decay.ts";
import { claims } from "./claims.ts";
import { eventModel, type CellName } from "./model.ts";
import { inOrder, likeLengths, longestFirst, perEpoch, perEvent } from "./padding.ts";
import events from "./study.ts";
import { streamBatches, streams } from "./streams.ts";

/** The settings that differ. */
const size = {
  longest: 6,
  steps: 6,
  train: 40,
  validation: 20,
  test: 20,
  hidden: 4,
  batch: 10,
  epochs: 3,
  logEvery: 3,
  validateEvery: 5,
  timedStreams: 20,
  timedBatch: 10,
};

const config = { ...events.settings, ...size, cell: "gruD" };

describe("the study", () => {
  const laws = studySuite(events, {
    size,
    stopAt: [4, 5, 12],
    timed: [perEvent, perEpoch],
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a trial", () => {
  const whole = runInMemory(events, { config });

  test("shows what the decay leaves, at the start and the end, of cells that decay", async () => {
    const { left } = await whole;
    const { x, lines } = left.series["kept"]!;
    expect(Array.from(x.values)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(lines)).toEqual(["start of training", "end of training"]);
    for (const line of Object.values(lines)) {
      const factors = Array.from(line);
      expect(factors.every((factor, i) => factor > 0 && factor <= 1 && (i === 0 || factor <= factors[i - 1]!))).toBe(
        true,
      );
    }
    expect(Object.keys((await runInMemory(events, { config: { ...config, cell: "lstm" } })).left.series)).not.toContain(
      "kept",
    );
  });

  test("times every kind of batches, with the same events in all", async () => {
    const { left } = await whole;
    const [each, sums] = [left.series[perEvent]!, left.series[perEpoch]!];
    for (const name of [inOrder, longestFirst, likeLengths]) {
      const seconds = Array.from(sums.lines[name]!, (ms) => ms / 1000);
      const events = Array.from(each.lines[name]!, (µs, i) => (1e6 * (seconds[i]! - (seconds[i - 1] ?? 0))) / µs);
      const { lengths } = streams({ longest: 31, steps: 32, train: 20, validation: 0, test: 0 }).train;
      expect(events.reduce((a, b) => a + b, 0)).toBeCloseTo(
        [...valuesOf(lengths)].reduce((a: number, b: number) => a + b, 0),
        6,
      );
    }
  });

  test("of a hidden size of 0 is an error that says so", async () => {
    await expect(runInMemory(events, { config: { ...config, hidden: 0 } })).rejects.toThrow(/hidden.*0/);
  });
});

describe("every cell", () => {
  const { train } = streams({ longest: 12, steps: 16, train: 30, validation: 0, test: 0 });
  const { batch: short, order } = streamBatches(train, { size: 30, steps: 12 }).at(0);

  test.for<CellName>(["lstm", "gru", "rnnDecay", "gruD", "cfc"])(
    "%s: padding reaches nothing, and time reaches the answer",
    (cell) => {
      const model = eventModel({ cell, hidden: 3 });
      const params = model.init(key(1));
      const logits = (given: Parameters<typeof model.apply>[1]): number[] => [
        ...valuesOf(model.apply(params, given).output),
      ];
      const own = logits(train);
      expect(logits(short)).toEqual(Array.from(order).flatMap((n) => own.slice(2 * n, 2 * n + 2)));
      const slower = mapTree(train.elapsed, (t) =>
        tensor(
          Array.from(valuesOf(t), (value) => 2 * value),
          t.shape,
        ),
      );
      expect(logits({ ...train, elapsed: slower })).not.toEqual(own);
    },
  );
});

test("RNN-decay is the cell of the authors' code", () => {
  const layer = sequence(authorsRnnDecay({ input: 1, hidden: 2 }));
  const [W, b, V, c, tau] = [
    [0.5, -0.3, 0.2, 0.7, -0.4, 0.1],
    [0.1, -0.2],
    [0.6, -0.5, 0.3, 0.9],
    [0.05, 0.02],
    [0.1, 0.4],
  ];
  const params = {
    ...layer.init(key(1)),
    W: tensor(W, [3, 2]),
    b: tensor(b),
    V: tensor(V, [2, 2]),
    c: tensor(c),
    tau: tensor(tau),
  };
  const [x, elapsed] = [
    [1, 0, 1],
    [0.5, 0.25, 2],
  ];
  let h = [0, 0];
  const expected = x.flatMap((bit, t) => {
    const read = [bit, ...h];
    const y = b.map((offset, j) => Math.tanh(offset + read.reduce((sum, value, i) => sum + value * W[2 * i + j]!, 0)));
    h = c.map((offset, j) => offset + y[0]! * V[j]! + y[1]! * V[2 + j]! - elapsed[t]! * tau[j]!);
    return h;
  });
  const { output } = layer.apply(params, tensor(x, [1, 3, 1]), { extra: { elapsed: tensor(elapsed, [1, 3, 1]) } });
  [...valuesOf(output)].forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 5));
  expect(layer.init(key(1)).tau.shape).toEqual([2]);
});

test("the published figures are of the setting of the budget paper, but CfC's", () => {
  const paper = { budgets: ["paper"] };
  expect(events.anchors.map(({ variant, value, sameSetting }) => [variant, value, sameSetting])).toEqual([
    ["LSTM", 89.7, paper],
    ["RNN-decay", 75.5, paper],
    ["GRU-D", 97.9, paper],
    ["CfC", 99.4, false],
  ]);
  expect(events.anchors.every(({ variant }) => variant in events.variants)).toBe(true);
});

test("longest first is faster only where every trial says so", () => {
  const verdict = (times: readonly (readonly [any: number, sorted: number])[]) => {
    const series: Results["series"] = () =>
      times.map(([any, sorted], seed) => ({
        seed,
        series: {
          name: perEpoch,
          title: "",
          x: { label: "", values: [1, 2] },
          y: { label: "" },
          lines: { [inOrder]: [0, any], [longestFirst]: [0, sorted] },
        },
      }));
    const none = () => [];
    return claims.at(-1)!.test({
      tasks: ["events"],
      variants: ["GRU"],
      metrics: events.metrics,
      trials: [],
      of: none,
      values: none,
      seriesNames: none,
      series,
    });
  };
  expect(
    verdict([
      [30, 10],
      [42, 20],
      [50, 20],
    ]),
  ).toEqual({
    verdict: "reproduced",
    because: "Unsorted vs longest first: GRU 42.0 vs 20.0 ms per epoch (2.5 times); in single trials, 2.1 to 3.0 times",
  });
  expect(
    verdict([
      [30, 10],
      [20, 30],
    ]).verdict,
  ).toBe("undecided");
  expect(verdict([[10, 20]]).verdict).toBe("not reproduced");
  expect(verdict([])).toEqual({ verdict: "undecided", because: "No trial timed its epochs" });
});
