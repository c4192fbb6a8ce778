// rhn against the paper's equations in plain loops, its initial biases, and depths that are refused.
import { key, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  minus,
  plus,
  row,
  s,
  th,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { rhn } from "../index.ts";

const [input, hidden] = [3, 4];

test.each([
  [1, true],
  [4, true],
  [3, false],
])("with depth %d, coupled %s, it is the paper's equations", (depth, coupled) => {
  expectPlainLoop(rhn({ input, hidden, depth, coupled }), (weight, { s: before = [] }, x) => {
    let state = before;
    for (let l = 0; l < depth; l++) {
      const sum = (gate: number): Row => {
        const linear = plus(times(state, weight(`layers.${l}.U`, gate)), row(weight(`layers.${l}.b`, gate)));
        return l === 0 ? plus(times(x, weight("W", gate)), linear) : linear;
      };
      const t = s(sum(1));
      const c = coupled
        ? minus(
            t.map(() => 1),
            t,
          )
        : s(sum(2));
      state = plus(by(th(sum(0)), t), by(state, c));
    }
    return { state: { s: state }, output: state };
  });
});

test("the transform gates begin nearly closed, in every layer", () => {
  const { layers } = rhn({ input, hidden, depth: 2, coupled: false }).init(key(1));
  expect(layers.map(({ b }) => [...valuesOf(b)])).toEqual([
    [0, 0, 0, 0, -2, -2, -2, -2, 0, 0, 0, 0],
    [0, 0, 0, 0, -2, -2, -2, -2, 0, 0, 0, 0],
  ]);
});

test.each([0, 1.5, Number.NaN])("a depth of %d is an error", (depth) => {
  expect(() => rhn({ input, hidden, depth })).toThrow(`rhn: depth must be an integer >= 1, got ${depth}`);
});
