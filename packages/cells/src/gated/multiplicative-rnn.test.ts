// multiplicativeRnn against the paper's equations in plain loops.
import { expect, test } from "vitest";
import { by, expectPlainLoop, plus, row, th, times } from "../../../../fixtures/cells/plain-loop.ts";
import { multiplicativeRnn } from "../index.ts";

const sizes = { input: 3, hidden: 4 };

test.each([{}, { factors: 5 }])("with %j it is the paper's equations", (options) => {
  expectPlainLoop(multiplicativeRnn({ ...sizes, ...options }), (weight, { h = [] }, x) => {
    const f = by(times(x, weight("Wf")), times(h, weight("U")));
    const next = th(plus(times(x, weight("W")), times(f, weight("V")), row(weight("b"))));
    return { state: { h: next }, output: next };
  });
});

test.each([0, 2.5, Number.NaN])("%d factors are an error", (factors) => {
  expect(() => multiplicativeRnn({ ...sizes, factors })).toThrow(
    `multiplicativeRnn: factors must be an integer >= 1, got ${factors}`,
  );
});
