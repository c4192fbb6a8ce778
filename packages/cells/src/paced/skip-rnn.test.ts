// skipRnn against the paper's equations in plain loops: values, and the gradient that goes straight through.
import { grad, key, keyFor, mapTree, mul, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  plus,
  row,
  rowsOf,
  s,
  th,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { lstm, rnn, sequence, skipRnn, stronglyTypedLstm } from "../index.ts";

const [time, input, hidden] = [9, 3, 4];
const round = (p: number): number => (p > 0.5 ? 1 : 0);
const mixed = (u: number, now: Row, before: Row): Row => now.map((v, j) => u * v + (1 - u) * (before[j] ?? Number.NaN));

/** The update probability after a step, from d, its increment. */
const waiting = (p: number, u: number, d: number): number => u * d + (1 - u) * (p + Math.min(d, 1 - p));

test("of an LSTM it is the paper's equations, keeps both states and reads c", () => {
  const decided = new Set<number>();
  const cell = skipRnn(lstm({ input, hidden }), { reads: "c" });
  expectPlainLoop(cell, (weight, { h = [], c = [], ["skip.p"]: [p = Number.NaN] = [] }, x) => {
    const gate = (k: number): Row => plus(times(x, weight("W", k)), times(h, weight("U", k)), row(weight("b", k)));
    const nowC = plus(by(s(gate(1)), c), by(s(gate(0)), th(gate(2))));
    const nowH = by(s(gate(3)), th(nowC));
    const u = round(p);
    decided.add(u);
    const [nextH, nextC] = [mixed(u, nowH, h), mixed(u, nowC, c)];
    const [d = Number.NaN] = s(plus(times(nextC, weight("skip.W")), row(weight("skip.b"))));
    return { state: { h: nextH, c: nextC, "skip.p": [waiting(p, u, d)] }, output: nextH };
  });
  expect(decided).toEqual(new Set([0, 1]));
});

const draw = (name: string, shape: readonly number[]): Tensor => normal(keyFor(key(4), name), shape, { dtype: "f64" });
const x = draw("x", [1, time, input]);
const simple = skipRnn(rnn({ input, hidden }));
const drawn = mapTree(simple.init(key(1)), (w, path) => draw(path, w.shape));
const rare = tensor([-2], [1], { dtype: "f64" });
const params = { ...drawn, skip: { ...drawn.skip, b: rare } };

/** A simple network that skips, with the bias b of the probability. `decide` makes u of p at step t. */
function plainRnn(b: number, decide: (p: number, t: number) => number) {
  const [W, U, ofH] = [rowsOf(params.W), rowsOf(params.U), row(rowsOf(params.b ?? rare))];
  let h: Row = new Array<number>(hidden).fill(0);
  let p = 1;
  return rowsOf(x).map((xt, t) => {
    const before = p;
    const u = decide(p, t);
    h = mixed(u, th(plus(times(xt, W), times(h, U), ofH)), h);
    const [d = Number.NaN] = s(plus(times(h, rowsOf(params.skip.W)), [b]));
    p = waiting(p, u, d);
    return { h, p: before, u };
  });
}

test("from its initial state it takes the first step and skips others", () => {
  const { output, traces } = sequence(simple).apply(params, x, { traces: ["skip.update"] });
  const expected = plainRnn(-2, round);
  const decided = expected.map(({ u }) => u);
  expect(decided[0]).toBe(1);
  expect(decided).toContain(0);
  expect([...valuesOf(traces["skip.update"] ?? x)]).toEqual(decided);
  expectNear(
    "output",
    valuesOf(output),
    expected.flatMap(({ h }) => h),
    1e-13,
  );
});

test("the gradient of a decision is that of its probability", () => {
  const R = draw("R", [1, time, hidden]);
  const { skip } = grad((at: typeof params) => sum(mul(sequence(simple).apply(at, x).output, R)))(params);
  // Straight through, u_t is p_t plus a constant: what this run's decision differs by from its probability.
  const run = plainRnn(-2, round);
  const held = (p: number, t: number): number => p + (run[t]?.u ?? Number.NaN) - (run[t]?.p ?? Number.NaN);
  const loss = (b: number): number =>
    by(
      plainRnn(b, held).flatMap(({ h }) => h),
      [...valuesOf(R)],
    ).reduce((total, v) => total + v);
  const step = 1e-5;
  const slope = (loss(-2 + step) - loss(-2 - step)) / (2 * step);
  expect(Math.abs(slope)).toBeGreaterThan(1e-3);
  expectNear("gradient of skip.b", valuesOf(skip.b), [slope], 1e-8);
});

test("a cell whose output is no state, and a state that is none, are errors", () => {
  expect(() => skipRnn(stronglyTypedLstm({ input, hidden }))).toThrow(
    "skipRnn: the output of stronglyTypedLstm is not a state, so there is none to put out where a step is skipped",
  );
  expect(() => skipRnn(rnn({ input, hidden }), { reads: "c" })).toThrow(
    "skipRnn: reads must be a float state [units] of rnn, got c",
  );
  expect(() => skipRnn(simple)).toThrow("skipRnn: rnnSkip already has a state named skip; rename it");
});
