import { describe, expect, test } from "vitest";
import {
  areSame,
  cachedTrials,
  compareRuns,
  compareSummaries,
  differencesText,
  identityDifferences,
  inProcess,
  memoryStore,
  parting,
  planRun,
  runStudy,
  settingDifferences,
  study,
  type Asked,
  type MemoryStore,
} from "../index.ts";

const falling = study({
  name: "falling",
  question: "How fast does it fall?",
  settings: { rate: 0.5, steps: 4, jump: { at: 100, by: 1 } },
  tasks: { one: {}, two: {} },
  variants: { slow: {}, fast: { rate: 0.25 } },
  seeds: 2,
  metrics: { value: { label: "Value", better: "lower" } },
  async trial({ config, seedIndex, metric }) {
    let value = 1 + seedIndex;
    for (let step = 1; step <= config.steps; step += 1) {
      value *= config.rate;
      if (step >= config.jump.at) value += config.jump.by;
      metric({ step, value });
    }
  },
});

async function ran(asked: Asked = {}, { code = "c1", store = memoryStore() } = {}): Promise<MemoryStore> {
  await runStudy(await planRun(falling, { store, executor: inProcess(), asked, code: { hash: code, unresolved: [] } }));
  return store;
}

describe("two runs", () => {
  test("of the same settings and code are the same to the bit", async () => {
    const { pairs, onlyFirst, onlySecond, problems } = await compareRuns(await ran(), await ran());
    expect(pairs).toHaveLength(8);
    expect(pairs.every(areSame)).toBe(true);
    expect(pairs.map(({ differences }) => differencesText(differences))).toEqual(Array(8).fill(""));
    expect([onlyFirst, onlySecond, problems]).toEqual([[], [], []]);
  });

  test("of which one has another setting: the setting, the metrics, and the step at which curves part", async () => {
    const { pairs, onlyFirst, onlySecond } = await compareRuns(
      await ran({ tasks: ["one"] }),
      await ran({ variants: ["slow"], settings: { jump: { at: 3 } } }, { code: "c2" }),
    );
    expect(pairs.map(({ first }) => [first.task, first.variant, first.seed])).toEqual([
      ["one", "slow", 0],
      ["one", "slow", 1],
    ]);
    expect(pairs.map(({ differences }) => differencesText(differences))).toEqual(
      Array(2).fill("jump.at 100 → 3, other code"),
    );
    // 1/2, 1/4, then 1/8 against 1/8 + 1.
    expect(pairs[0]?.parting).toEqual({ step: 3, metric: "value", first: 0.125, second: 1.125 });
    expect(pairs[0]?.metrics).toEqual(["value"]);
    expect(onlyFirst.map(({ variant, seed }) => [variant, seed])).toEqual([
      ["fast", 0],
      ["fast", 1],
    ]);
    expect(onlySecond.map(({ task }) => task)).toEqual(["two", "two"]);
  });
});

test("several runs by the means of their metrics, paired by seed", async () => {
  const [first, second, third] = [await ran(), await ran({ settings: { steps: 3 } }), await ran({ tasks: ["two"] })];
  const { metrics, problems } = await compareSummaries([first, second, third]);
  expect(problems).toEqual([]);
  expect(metrics.map(({ task, variant, runs }) => [task, variant, ...runs.map(({ n }) => n)])).toEqual([
    ["one", "slow", 2, 2, 0],
    ["one", "fast", 2, 2, 0],
    ["two", "slow", 2, 2, 2],
    ["two", "fast", 2, 2, 2],
  ]);
  const [slow] = metrics;
  // 1/16 and 2/16 after four halvings, 1/8 and 2/8 after three: differences 1/16 and 2/16.
  expect(slow?.runs.map(({ mean }) => mean)).toEqual([0.09375, 0.1875, NaN]);
  expect(slow?.runs[0]?.difference).toBe(null);
  expect(slow?.runs[2]?.difference).toBe(null);
  // Mean 3/32, standard error 1/32; t(0.975, 1) = 12.7062. t = 3 with one degree of freedom: p = 1 - 2 atan(3) / pi.
  const { pairs, mean, low, high, p } = slow?.runs[1]?.difference ?? {};
  expect([pairs, mean]).toEqual([2, 0.09375]);
  expect(low).toBeCloseTo(0.09375 - 12.7062047 / 32, 7);
  expect(high).toBeCloseTo(0.09375 + 12.7062047 / 32, 7);
  expect(p).toBeCloseTo(1 - (2 * Math.atan(3)) / Math.PI, 8);
});

test("a plan says of each trial why it runs, by the stored trial that is most like it", async () => {
  const store = await ran({ tasks: ["one"] });
  await ran({ tasks: ["one"], settings: { steps: 5 } }, { store, code: "c0" });
  const plan = (asked: Asked, code = "c1") =>
    planRun(falling, { store, executor: inProcess(), asked, code: { hash: code, unresolved: [] }, seeds: 1 });
  const whys = async (asked: Asked, code?: string) =>
    (await cachedTrials(await plan(asked, code))).map(({ why, runs }) => [why, runs]);
  const slow = { variants: ["slow"] };
  expect(await whys({ ...slow, tasks: ["one"] })).toEqual([
    ["done with these settings, code and data", false],
    ["done with these settings, code and data", false],
  ]);
  expect(await whys({ ...slow, tasks: ["two"] })).toEqual([["not run yet", true]]);
  expect(await whys({ ...slow, tasks: ["one"] }, "c2")).toEqual([["run before, but: other code", true]]);
  expect(await whys({ ...slow, tasks: ["one"], settings: { steps: 6 } }, "c0")).toEqual([
    ["run before, but: steps 5 → 6", true],
  ]);
});

test("settings differ by their full names; null differs from none", () => {
  expect(settingDifferences({ a: { b: 1, c: [1] }, d: null }, { a: { b: 2, c: [1] }, e: "x" })).toEqual([
    { name: "a.b", first: 1, second: 2 },
    { name: "d", first: null, second: undefined },
    { name: "e", first: undefined, second: "x" },
  ]);
  const identity = { study: "s", task: "t", variant: "v", seed: 1, config: {}, code: "c", data: { x: "1", y: "2" } };
  const other = { ...identity, seed: 2, fold: { index: 0, of: 5 }, data: { x: "1", z: "3" } };
  expect(differencesText(identityDifferences(identity, other))).toBe(
    "fold none → 1, folds none → 5, seed 1 → 2, other data: y, z",
  );
});

describe("curves part", () => {
  const rows = [
    { step: 1, loss: 3 },
    { step: 2, loss: NaN, accuracy: 1 },
  ];
  test("nowhere if they are the same to the bit", () => {
    expect(parting(rows, structuredClone(rows))).toBe(null);
    expect(parting([], [])).toBe(null);
  });

  test("at the first other number, or the first row that one of them lacks", () => {
    expect(
      parting(rows, [
        { step: 1, loss: 3 },
        { step: 2, loss: NaN, accuracy: 2 },
      ]),
    ).toEqual({
      step: 2,
      metric: "accuracy",
      first: 1,
      second: 2,
    });
    expect(parting(rows, rows.slice(0, 1))).toEqual({ step: 2, metric: "loss", first: NaN, second: undefined });
    expect(parting([{ step: 1, loss: 0 }], [{ step: 1, loss: -0 }])).toMatchObject({ step: 1, metric: "loss" });
    expect(
      parting(
        [{ step: 5, loss: 1 }],
        [
          { step: 3, loss: 1 },
          { step: 5, loss: 1 },
        ],
      ),
    ).toEqual({
      step: 3,
      metric: "loss",
      first: undefined,
      second: 1,
    });
  });
});
