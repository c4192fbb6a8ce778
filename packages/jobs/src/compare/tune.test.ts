import { gru, lstm, rnn } from "@sluice/cells";
import { adding, parity } from "@sluice/data";
import { inProcess, memoryStore, planSweep, runSweep, tuningOf, tuningTrialCount } from "@sluice/study";
import { describe, expect, test } from "vitest";
import { compare, type CompareOptions } from "../index.ts";

const sizes = { train: 60, validation: 20, test: 30 };
const sums = adding({ time: 5, ...sizes });
const parities = parity({ time: 5, shortest: 3, ...sizes });
const options: CompareOptions = {
  name: "tuned",
  cells: { rnn, gru },
  tasks: [sums, { name: "parity", data: parities, settings: { epochs: 3 } }],
  tune: { rate: [1e-3, 1e-1], dropout: [0, 0.3], trials: 3 },
  hidden: 4,
  epochs: 2,
  batch: 20,
  seeds: 2,
};

test("every cell has as many tries on every task, and is then run with the best by its validation", async () => {
  const store = memoryStore();
  const { document, records } = await runSweep(await planSweep(compare(options), { store, executor: inProcess() }));
  expect(records.map(({ status, warnings, reason }) => [status, warnings, reason])).toEqual(
    Array(4 * 3 + 4 * 2).fill(["done", [], undefined]),
  );
  const cells = document.tuning!.cells;
  expect(cells.map(({ task, variant, metric }) => [task, variant, metric])).toEqual([
    ["adding, 5 steps", "rnn", "validationRmse"],
    ["adding, 5 steps", "gru", "validationRmse"],
    ["parity", "rnn", "stepValidation"],
    ["parity", "gru", "stepValidation"],
  ]);
  const tried = cells.map((cell) => cell.tried.map(({ settings }) => settings));
  for (const own of tried) expect(own).toEqual(tried[0]);
  for (const { learningRate, dropout } of tried[0]!.map((own) => ({ learningRate: NaN, dropout: NaN, ...own }))) {
    expect(learningRate >= 1e-3 && learningRate <= 1e-1).toBe(true);
    expect(dropout >= 0 && dropout <= 0.3).toBe(true);
  }
  for (const { task, metric, chosen, tried: own } of cells) {
    const values = own.map(({ value }) => value!);
    expect(chosen!.value).toBe(task === "parity" ? Math.max(...values) : Math.min(...values));
    // A tuning trial has the validation of the weights that it kept, and nothing of the test data.
    for (const { trials } of own) {
      const metrics = Object.entries(records.find(({ id }) => id === trials[0]!.id)!.metrics);
      expect(metrics.flatMap(([name, value]) => (value === null ? [] : [name])).sort()).toEqual(
        ["gradientNorm", "hidden", "loss", "parameters", "products", metric].sort(),
      );
    }
  }
  const { identities } = await store.identities();
  for (const { task, variant, config } of identities.filter(({ tuning }) => tuning === undefined)) {
    const { chosen } = cells.find((cell) => cell.task === task && cell.variant === variant)!;
    expect(config).toMatchObject(chosen!.settings);
  }
});

test("has budgets, of which the quick one tunes and trains less; a number for each budget may be given", () => {
  const trialsOf = (given: Partial<CompareOptions>, budget: string) =>
    tuningTrialCount(tuningOf(compare({ ...options, ...given }), { budget }));
  const own = compare({ ...options, epochs: 12, tune: { rate: [1e-3, 1e-1] } });
  expect(own.budgets).toMatchObject({ full: {}, quick: { seeds: 3, epochs: 3, perTask: { parity: { epochs: 1 } } } });
  expect(own.defaultBudget).toBe("full");
  expect(own.tune).toEqual({
    ...{ over: { learningRate: { logUniform: [1e-3, 1e-1] } }, by: "random", trials: { full: 12, quick: 4 } },
    metric: { "adding, 5 steps": "validationRmse", parity: "stepValidation" },
  });
  // 2 cells × 2 tasks.
  expect([trialsOf({}, "full"), trialsOf({}, "quick")]).toEqual([4 * 3, 4 * 2]);
  const budgets = { whole: {}, part: { epochs: 1 } };
  expect(trialsOf({ budgets }, "part")).toBe(4 * 3);
  expect(trialsOf({ budgets, tune: { clip: [0.1, 10], trials: { whole: 9, part: 5 } } }, "part")).toBe(4 * 5);
  const grid = { tune: { learningRate: { choice: [1e-3, 1e-2] }, batch: { choice: [10, 20] }, by: "grid" } } as const;
  expect(trialsOf(grid, "quick")).toBe(4 * 4);
  const sizesOf = compare({ ...options, tasks: [sums], match: "none", tune: { hidden: [2, 8], epochs: [1, 3] } });
  expect(sizesOf.tune?.over).toEqual({ hidden: { integer: [2, 8] }, epochs: { integer: [1, 3] } });
  expect(sizesOf.budgets["quick"]).not.toHaveProperty("epochs");
});

describe("what is wrong is named", () => {
  test.for<[Partial<CompareOptions>, string]>([
    [{ tune: { hidden: [4, 8] } }, 'compare: tune.hidden is given, but match: "parameters" chooses the hidden sizes'],
    [{ tune: {} }, "compare: tune: nothing is tuned; give a range, such as { rate: [1e-4, 1e-2] }"],
    [{ tune: { rate: [1e-2, 1e-4] } }, "compare: tune.learningRate is [0.01, 0.0001], expected two numbers above 0"],
    [{ tune: { rate: [0, 1] } }, "compare: tune.learningRate is [0, 1], expected two numbers above 0"],
    [{ tune: { batch: [8, 16, 32] as never } }, "expected a range [low, high]; for a list write { choice: [...] }"],
    [{ tune: { rate: 1e-3 as never } }, "compare: tune.learningRate is 0.001, expected a range [low, high]"],
    [
      { tune: { learningrate: [1, 2] } as never },
      "compare: tune: unknown option learningrate; did you mean learningRate?",
    ],
    [{ tune: { rate: [1e-3, 1], learningRate: [1e-3, 1] } }, "rate and learningRate are the same setting"],
    [{ tune: { epochs: [1, 3] } }, "tasks.parity.epochs: fixed here, and tune.over tunes it"],
    [
      { tasks: [adding({ time: 5, ...sizes, validation: 0 })] },
      "compare: task adding, 5 steps has no validation examples, by which settings are tuned",
    ],
    [{ cells: { gru, lstm }, dropout: 1 }, "compare: expected dropout as a rate of at least 0 and below 1, got 1"],
  ])("%#", ([given, message]) => {
    expect(() => compare({ ...options, ...given })).toThrow(message);
  });
});
