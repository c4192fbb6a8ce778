// lstm1997 against the paper's equations in plain loops.
import { test } from "vitest";
import { by, expectPlainLoop, plus, row, s, times, type Row } from "../../../../fixtures/cells/plain-loop.ts";
import { lstm1997 } from "../index.ts";

const g = (x: Row): Row => x.map((v) => 4 / (1 + Math.exp(-v)) - 2);
const squashed = (x: Row): Row => x.map((v) => 2 / (1 + Math.exp(-v)) - 1);

test("it is the paper's equations, with its g and h", () => {
  expectPlainLoop(lstm1997({ input: 3, hidden: 4 }), (weight, { h = [], c = [] }, x) => {
    const net = (gate: number): Row =>
      plus(times(x, weight("W", gate)), times(h, weight("U", gate)), row(weight("b", gate)));
    const nextC = plus(c, by(s(net(0)), g(net(1))));
    const nextH = by(s(net(2)), squashed(nextC));
    return { state: { h: nextH, c: nextC }, output: nextH };
  });
});
