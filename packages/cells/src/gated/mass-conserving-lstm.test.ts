// massConservingLstm against the paper's equations in plain loops, the mass that it conserves, and how it begins.
import { layerNorm } from "@sluice/norm";
import { abs, key, keyFor, mapTree, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  minus,
  plus,
  row,
  rowsOf,
  s,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { massConservingLstm, sequence } from "../index.ts";

const [batch, time, input, hidden] = [2, 5, 4, 3];
const draw = (name: string, shape: readonly number[]): Tensor => normal(keyFor(key(7), name), shape, { dtype: "f64" });
const x = abs(draw("x", [batch, time, input]));
const start = abs(draw("c", [batch, hidden]));
const total = (x: Row): number => x.reduce((a, b) => a + b, 0);

function softmax(x: Row): Row {
  const e = x.map(Math.exp);
  return e.map((v) => v / total(e));
}

test.each([1, 2])("with %d columns of mass it is the paper's equations", (mass) => {
  expectPlainLoop(massConservingLstm({ input, hidden, mass }), (weight, { c = [] }, xt) => {
    const [m, a] = [xt.slice(0, mass), xt.slice(mass)];
    const shares = c.map((v) => v / total(c.map(Math.abs)));
    const block = (k: number): Row =>
      plus(times(a, weight("W", k)), times(shares, weight("U", k)), row(weight("b", k)));
    const i = m.map((_, k) => softmax(block(k)));
    const R = c.map((_, k) => softmax(block(mass + k)));
    const o = s(block(mass + hidden));
    const M = plus(times(m, i), times(c, R));
    return {
      state: {
        c: by(
          minus(
            o.map(() => 1),
            o,
          ),
          M,
        ),
      },
      output: by(o, M),
    };
  });
});

test.each([
  ["from zeros", {}, tensor(new Array<number>(batch * hidden).fill(0), [batch, hidden], { dtype: "f64" })],
  ["from a stored mass", {}, start],
  ["with layer normalization", { norm: layerNorm() }, start],
] as const)("%s, what went in is what came out and what is stored", (_, options, c) => {
  const mass = 2;
  const cell = massConservingLstm({ input, hidden, mass, ...options });
  const params = mapTree(cell.init(key(8)), (w, path) => draw(path, w.shape));
  const { output, state } = sequence(cell).apply(params, x, { state: { c } });
  const given = rowsOf(x).map((xt) => total(xt.slice(0, mass)));
  const went = rowsOf(c).map((stored, i) => total(stored) + total(given.slice(i * time, (i + 1) * time)));
  const came = [...valuesOf(sum(output, [1, 2]))];
  const stored = rowsOf(state.c).map(total);
  expectNear("mass", plus(came, stored), went, 1e-14);
  expect(Math.min(...valuesOf(output), ...valuesOf(state.c))).toBeGreaterThan(0);
});

test("at first R tends to the identity and little comes out", () => {
  const { b } = massConservingLstm({ input, hidden, mass: 2 }).init(key(1));
  const rows = [
    [0, 0, 0],
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [-3, -3, -3],
  ];
  expect([...valuesOf(b)]).toEqual(rows.flat());
});

test.each([0, 4, 1.5, Number.NaN])("a mass of %d columns of 4 is an error", (mass) => {
  expect(() => massConservingLstm({ input, hidden, mass })).toThrow(
    `massConservingLstm: mass must be an integer from 1 to input - 1 = 3, since gates read the other columns, got ${mass}`,
  );
});
