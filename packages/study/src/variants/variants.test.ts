import { describe, expect, expectTypeOf, test } from "vitest";
import { plan } from "../plan.ts";
import { study } from "../define-study.ts";
import { crossed, grid } from "./grid.ts";
import { randomSearch } from "./random-search.ts";

describe("a grid", () => {
  test("has every combination, named by its values, the last setting fastest", () => {
    expect(Object.entries(grid({ learningRate: [1e-3, 1e-2], hidden: [32, 64] }))).toEqual([
      ["learningRate 0.001, hidden 32", { learningRate: 1e-3, hidden: 32 }],
      ["learningRate 0.001, hidden 64", { learningRate: 1e-3, hidden: 64 }],
      ["learningRate 0.01, hidden 32", { learningRate: 1e-2, hidden: 32 }],
      ["learningRate 0.01, hidden 64", { learningRate: 1e-2, hidden: 64 }],
    ]);
    expect(grid({ cell: ["gru"], sizes: [[1, 2], null] })).toEqual({
      "cell gru, sizes [1,2]": { cell: "gru", sizes: [1, 2] },
      "cell gru, sizes null": { cell: "gru", sizes: null },
    });
  });

  test("is crossed with variants that have names", () => {
    expect(crossed({ GRU: { cell: "gru" }, LSTM: { cell: "lstm" } }, grid({ hidden: [8] }))).toEqual({
      "GRU, hidden 8": { cell: "gru", hidden: 8 },
      "LSTM, hidden 8": { cell: "lstm", hidden: 8 },
    });
    expect(() => crossed({ a: { hidden: 1 } }, grid({ hidden: [8] }))).toThrow('"a" and "hidden 8" both set hidden');
  });

  test("stands in the identity of the trials, and is typed", () => {
    const variants = grid({ cell: ["gru", "lstm"], hidden: [8, 16] });
    expectTypeOf(variants).toEqualTypeOf<{
      readonly [variant: string]: { readonly cell: "gru" | "lstm"; readonly hidden: 8 | 16 };
    }>();
    const searched = study({
      name: "searched",
      question: "Which is best?",
      settings: { cell: "rnn", hidden: 4 },
      tasks: { only: {} },
      variants,
      seeds: 1,
      metrics: { loss: { label: "Loss", better: "lower" } },
      trial: async () => {},
    });
    const trials = plan(searched, { code: "c", data: {} });
    expect(trials.map(({ config }) => config)).toEqual(Object.values(variants));
    expect(new Set(trials.map(({ id }) => id)).size).toBe(4);
  });

  test("names a setting without values, or with one twice", () => {
    expect(() => grid({ hidden: [] })).toThrow("grid: hidden has no values");
    expect(() => grid({ hidden: [8, 8] })).toThrow("grid: hidden lists 8 twice");
  });
});

describe("a random search", () => {
  const distributions = {
    learningRate: { logUniform: [1e-4, 1e-1] },
    dropout: { uniform: [0, 0.5] },
    hidden: { integer: [1, 4] },
    cell: { choice: ["gru", "lstm"] },
  } as const;
  const many = Object.values(randomSearch(distributions, { draws: 4000, seed: 3 }));

  test("draws within its ranges, every value alike", () => {
    const part = (holds: (draw: (typeof many)[number]) => boolean): number => many.filter(holds).length / many.length;
    // Five standard deviations of a share of 4,000 draws are less than 0.04.
    const near = (share: number, expected: number): void => expect(Math.abs(share - expected)).toBeLessThan(0.04);
    for (const decade of [1e-4, 1e-3, 1e-2])
      near(
        part(({ learningRate }) => learningRate >= decade && learningRate < 10 * decade),
        1 / 3,
      );
    for (const quarter of [0, 1, 2, 3])
      near(
        part(({ dropout }) => dropout >= quarter / 8 && dropout < (quarter + 1) / 8),
        1 / 4,
      );
    for (const hidden of [1, 2, 3, 4])
      near(
        part((draw) => draw.hidden === hidden),
        1 / 4,
      );
    near(
      part(({ cell }) => cell === "gru"),
      1 / 2,
    );
    for (const { learningRate, dropout } of many) {
      expect(learningRate >= 1e-4 && learningRate <= 1e-1 && dropout >= 0 && dropout <= 0.5).toBe(true);
      expect(Number(learningRate.toPrecision(3))).toBe(learningRate);
    }
  });

  test("logUniform is the power that it says it is", () => {
    const [{ rate } = { rate: 0 }] = Object.values(randomSearch({ rate: { logUniform: [1e-4, 1e-1] } }, { draws: 1 }));
    const [{ rate: u } = { rate: 0 }] = Object.values(randomSearch({ rate: { uniform: [0, 1] } }, { draws: 1 }));
    // Both are drawn by the same name, so from the same number; rounding to three digits leaves 0.5 %, of u 0.0005.
    expect(Math.abs(Math.log(rate / (1e-4 * 1000 ** u)))).toBeLessThan(0.005 + 0.0005 * Math.log(1000));
  });

  test("draws the same again, whatever else is drawn; another seed draws others", () => {
    const few = randomSearch(distributions, { draws: 2, seed: 3 });
    expect(Object.values(few)).toEqual(many.slice(0, 2));
    expect(randomSearch({ hidden: distributions.hidden }, { draws: 1, seed: 3 })["draw 1"]?.hidden).toBe(
      many[0]?.hidden,
    );
    expect(randomSearch(distributions, { draws: 2, seed: 4 })).not.toEqual(few);
    // A change would make every trial of a search new.
    expect(few["draw 1"]).toMatchInlineSnapshot(`
      {
        "cell": "lstm",
        "dropout": 0.297,
        "hidden": 4,
        "learningRate": 0.00015,
      }
    `);
  });

  test("names what is wrong", () => {
    const search = (given: object) => () => Reflect.apply(randomSearch, undefined, [{ rate: given }, { draws: 1 }]);
    expect(search({ uniform: [1, 0] })).toThrow("randomSearch: rate: uniform from 1 to 0");
    expect(search({ logUniform: [0, 1] })).toThrow("randomSearch: rate: logUniform from 0, expected a number above 0");
    expect(search({ integer: [0.5, 1] })).toThrow("randomSearch: rate: integer from 0.5 to 1, expected integers");
    expect(search({ choice: [] })).toThrow("randomSearch: rate: choice has no values");
    expect(search({ normal: [0, 1] })).toThrow("known: uniform, logUniform, integer, choice");
    expect(() => randomSearch({}, { draws: 0 })).toThrow("draws is 0");
  });
});
