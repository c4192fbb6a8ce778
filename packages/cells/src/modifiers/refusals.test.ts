// Modifiers of weights, products and outputs: what they refuse, and what they leave as it is.
import { kernel, recurrentKernel } from "@sluice/params";
import { add, mul, tanh } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  blockDiagonal,
  clipState,
  defineCell,
  fastSlow,
  gru,
  highway,
  independentRecurrence,
  integration,
  learnedInitialState,
  lstm,
  minGru,
  multiplicative,
  residual,
  rnn,
} from "../index.ts";

const sizes = { input: 2, hidden: 3 };

/** A state of two features beside one of three, both multiplied; and a weight that the step computes. */
const uneven = defineCell({
  name: "uneven",
  options: { computed: false },
  params: () => ({ W: kernel([2, 3]), U: recurrentKernel([3, 3]), V: recurrentKernel([2, 3]) }),
  state: () => ({ h: [3], k: [2] }),
  step({ W, U, V }, { h, k }, x, { input, recurrent, computed }) {
    const xW = input("gates", x, W);
    const own = recurrent("gates", h, computed ? mul(U, 2) : U);
    const other = recurrent("other", k, V, { source: "k" });
    return { state: { h: tanh(add(add(xW, own), other)), k }, output: "h" };
  },
});

const counter = defineCell({
  name: "counter",
  params: () => ({}),
  state: () => ({ count: { shape: [1], dtype: "i32" } }),
  step: (_, { count }, x) => ({ state: { count }, output: x }),
})(sizes);

const tokens = defineCell({
  name: "tokens",
  input: () => ({ shape: [1], dtype: "i32" }),
  params: () => ({}),
  state: ({ hidden }) => ({ h: [hidden] }),
  step: (_, { h }) => ({ state: { h: mul(h, 2) }, output: "h" }),
});

describe("a cell without recurrent products", () => {
  test.each([
    ["independentRecurrence", () => independentRecurrence(minGru(sizes))],
    ["blockDiagonal", () => blockDiagonal(minGru(sizes), { heads: 1 })],
    ["multiplicative", () => multiplicative(minGru(sizes))],
    ["integration", () => integration(minGru(sizes), "multiplication")],
  ])("is refused by %s", (name, make) => {
    expect(make).toThrow(name);
    expect(make).toThrow(/minGru (has|makes) no recurrent products/);
  });
});

test("weights that are not square, or are computed, have no diagonal and no blocks", () => {
  expect(() => independentRecurrence(uneven(sizes))).toThrow(
    "the recurrent product other of uneven is by columns 0 to 3 of V [2, 3], which are not square blocks of 2",
  );
  expect(() => independentRecurrence(uneven({ ...sizes, computed: true }))).toThrow(
    "the recurrent product gates of uneven is by a matrix that the step computes",
  );
  expect(() => blockDiagonal(gru(sizes), { heads: 2 })).toThrow(
    "blockDiagonal: 2 heads do not divide the 3 features of a recurrent product of gru",
  );
  expect(() => blockDiagonal(gru(sizes), { heads: 0 })).toThrow("blockDiagonal: heads must be an integer >= 1, got 0");
});

test("a weight has one structure", () => {
  expect(() => blockDiagonal(independentRecurrence(gru(sizes)), { heads: 3 })).toThrow(
    "blockDiagonal: U of gru has the structure of independentRecurrence already; a weight has only one",
  );
  expect(() => independentRecurrence(blockDiagonal(gru(sizes), { heads: 3 }))).toThrow("structure of blockDiagonal");
});

test("products that do not belong together cannot multiply each other", () => {
  expect(() => integration(uneven(sizes), "multiplication")).toThrow(
    "integration: uneven has no product of the input that belongs to its recurrent product other",
  );
  const stateFirst = defineCell({
    name: "stateFirst",
    params: ({ input, hidden }) => ({ W: kernel([input, hidden]), U: recurrentKernel([hidden, hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step({ W, U }, { h }, x, { input, recurrent }) {
      const hU = recurrent("gates", h, U);
      return { state: { h: tanh(add(hU, input("gates", x, W))) }, output: "h" };
    },
  });
  expect(() => integration(stateFirst(sizes), "multiplication")).toThrow(
    "stateFirst multiplies the state before the input at gates",
  );
  expect(() => integration(gru(sizes), "product" as never)).toThrow("integration: unknown form product");
  const cell = gru(sizes);
  expect(integration(cell, "addition")).toBe(cell);
  expect(() => multiplicative(uneven(sizes))).toThrow("the recurrent products of uneven are of 3 and 2 features");
});

test("a modifier with parameters is refused twice, since they would have one name", () => {
  const twice = [
    () => multiplicative(multiplicative(rnn(sizes))),
    () => integration(integration(rnn(sizes), "multiplication"), "multiplication"),
    () => highway(highway(rnn(sizes))),
    () => residual(residual(rnn(sizes))),
  ];
  for (const make of twice) expect(make).toThrow(/(\w+): rnn already has a parameter named \1/);
  expect(() => learnedInitialState(learnedInitialState(rnn(sizes)))).toThrow(
    "learnedInitialState: rnn has no float state that begins as a fixed value; its states are h",
  );
});

test("states and inputs must be floats", () => {
  expect(() => clipState(counter, { count: 1 })).toThrow("state count is i32, but clipState needs a float state");
  expect(() => clipState(gru(sizes), { h: 0 })).toThrow("clipState of gru: the limit of h must be above 0, got 0");
  expect(() => clipState(gru(sizes), { c: 1 } as never)).toThrow("clipState of gru: unknown option c");
  expect(() => learnedInitialState(counter)).toThrow("counter has no float state");
  expect(() => residual(tokens(sizes))).toThrow("residual: tokens reads x as i32 [1] for one example");
  expect(() => highway(rnn(sizes), { bias: NaN })).toThrow("highway: the bias must be a finite number, got NaN");
});

test("fastSlow names the cells that do not fit", () => {
  const slow = gru({ input: 3, hidden: 2 });
  expect(() => fastSlow({ fast: [gru(sizes)], slow })).toThrow("fastSlow: expected at least two fast cells, got 1");
  expect(() => fastSlow({ fast: [gru(sizes), gru({ input: 2, hidden: 4 })], slow })).toThrow(
    "all must have the same; one has h f32 [3], another h f32 [4]",
  );
  expect(() => fastSlow({ fast: [gru(sizes), gru(sizes)], slow: gru({ input: 4, hidden: 2 }) })).toThrow(
    "fastSlow: slow reads 4 features, but the output of the first fast cell has 3; make it with { input: 3 }",
  );
  expect(() => fastSlow({ fast: [gru(sizes), gru({ input: 5, hidden: 3 })], slow })).toThrow(
    "fastSlow: the second fast cell reads 5 features, but the output of slow has 2",
  );
  expect(() => fastSlow({ fast: [lstm(sizes), gru(sizes)] as never, slow })).toThrow("all must have the same");
});
