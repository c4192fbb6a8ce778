// The HyperLSTM against the equations of the paper's appendix A.2.2 in plain numbers.
import { layerNorm } from "@sluice/norm";
import { key, leavesOf, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  plus,
  row,
  s,
  th,
  times,
  type PlainStep,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { hyperLstm } from "../index.ts";

const [hidden, units, embedding, epsilon] = [4, 3, 2, 1e-5];

/** Layer normalization of one gate, with its gain and bias. */
const normalize = (x: Row, gain: Row, shift: Row): Row => {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((total, value) => total + (value - mean) ** 2, 0) / x.length;
  return plus(by(gain, plus(x, -mean), 1 / Math.sqrt(variance + epsilon)), shift);
};

const plainly =
  (LN: boolean): PlainStep =>
  (w, { h = [], c = [], "hyper.h": hh = [], "hyper.c": hc = [] }, x) => {
    /** Rows of gains and biases: one for each gate, one for the memory. */
    const ln = (at: string, y: number, v: Row): Row => {
      const gain = LN ? w(`norm.${at}.gain`)[y] : undefined;
      const shift = LN ? w(`norm.${at}.bias`)[y] : undefined;
      return gain === undefined || shift === undefined ? v : normalize(v, gain, shift);
    };
    const lnOfHyper = (at: string, y: number, v: Row): Row => {
      const gain = LN ? w(`hyper.norm.${at}.gain`)[y] : undefined;
      const shift = LN ? w(`hyper.norm.${at}.bias`)[y] : undefined;
      return gain === undefined || shift === undefined ? v : normalize(v, gain, shift);
    };
    const small = (y: number): Row =>
      lnOfHyper(
        "gates.gates",
        y,
        plus(
          times([...h, ...x], w("hyper.W", y, units)),
          times(hh, w("hyper.U", y, units)),
          row(w("hyper.b", y, units)),
        ),
      );
    const nextHc = plus(by(s(small(1)), hc), by(s(small(0)), th(small(2))));
    const nextHh = by(s(small(3)), th(lnOfHyper("cell.state", 0, nextHc)));

    const z = (of: string, y: number): Row => times(nextHh, w(`scale.${of}.Z`, y, embedding));
    const gate = (y: number): Row => {
      const dh = times(plus(z("h", y), row(w("scale.h.b", y, embedding))), w(`scale.h.D.${y}`));
      const dx = times(plus(z("x", y), row(w("scale.x.b", y, embedding))), w(`scale.x.D.${y}`));
      const db = times(z("b", y), w(`scale.b.D.${y}`));
      const sum = plus(by(dh, times(h, w("U", y))), by(dx, times(x, w("W", y))), db, row(w("b", y)));
      return ln("gates.gates", y, sum);
    };
    const next = plus(by(s(gate(1)), c), by(s(gate(0)), th(gate(2))));
    const output = by(s(gate(3)), th(ln("cell.state", 0, next)));
    return { state: { h: output, c: next, "hyper.h": nextHh, "hyper.c": nextHc }, output };
  };

const sizes = { input: 3, hidden, hyperUnits: units, embedding };

test("without layer normalization", () => {
  expectPlainLoop(hyperLstm(sizes), plainly(false));
});

test("with the paper's layer normalization, of both LSTMs", () => {
  expectPlainLoop(hyperLstm({ ...sizes, norm: layerNorm({ placement: "gates", epsilon }) }), plainly(true));
});

test("at first all rows are scaled by 0.1, whatever the small LSTM says", () => {
  const begun = new Map(
    leavesOf(hyperLstm(sizes).init(key(1))).map(({ path, tensor }) => [path, [...valuesOf(tensor)]]),
  );
  for (const of of ["h", "x"]) {
    expect(begun.get(`scale.${of}.Z`)?.every((value) => value === 0)).toBe(true);
    const ones = begun.get(`scale.${of}.b`)?.slice(0, embedding) ?? [];
    const D = begun.get(`scale.${of}.D.0`) ?? [];
    expect((ones[0] ?? 0) * (D[0] ?? 0) + (ones[1] ?? 0) * (D[hidden] ?? 0)).toBeCloseTo(0.1, 7);
  }
});

test("sizes out of range are errors, and the small LSTM has an eighth of the units", () => {
  expect(() => hyperLstm({ ...sizes, hyperUnits: 0 })).toThrow("hyperLstm: hyperUnits must be an integer >= 1, got 0");
  expect(() => hyperLstm({ ...sizes, embedding: 1.5 })).toThrow("hyperLstm: embedding must be an integer >= 1");
  expect(hyperLstm({ input: 2, hidden: 17 }).state).toMatchObject({ hyper: { h: [3], c: [3] } });
});
