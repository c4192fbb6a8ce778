import { describe, expect, test } from "vitest";
import {
  areSame,
  cachedTrials,
  compareRuns,
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
