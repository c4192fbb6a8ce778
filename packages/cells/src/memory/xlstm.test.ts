// sLstm and matrixLstm against the equations of xLSTM without its stabilizer (arXiv:2405.04517, sections 2.2 and 2.3).
import { key, leavesOf, mapTree, normal, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  by,
  cut,
  dot,
  each,
  expectPlainLoop,
  part,
  plus,
  range,
  row,
  s,
  th,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { matrixLstm, sequence, sLstm, type State } from "../index.ts";

const [input, hidden] = [3, 4];
const exp = (x: Row): Row => x.map(Math.exp);
const forget = { sigmoid: s, exponential: exp };
const forms = [
  [1, "sigmoid"],
  [2, "sigmoid"],
  [2, "exponential"],
] as const;
const zeros = (width: number): Row => range(width).map(() => 0);

test.each(forms)("sLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const width = hidden / heads;
  const begin = { h: zeros(hidden), c: zeros(hidden), n: zeros(hidden) };
  expectPlainLoop(
    sLstm({ input, hidden, heads, forgetGate }),
    (w, { h = [], c = [], n = [] }, x) => {
      const gate = (k: number): Row => {
        const ofH = range(heads).flatMap((head) => times(part(h, head, width), w(`U.${head}`, k, width)));
        return plus(times(x, w("W", k)), ofH, row(w("b", k)));
      };
      const [i, f, z, o] = [exp(gate(0)), forget[forgetGate](gate(1)), th(gate(2)), s(gate(3))];
      const nextC = plus(by(f, c), by(i, z));
      const nextN = plus(by(f, n), i);
      const nextH = by(
        o,
        each((a, b) => a / b, nextC, nextN),
      );
      return { state: { h: nextH, c: nextC, n: nextN }, output: nextH };
    },
    { begin },
  );
});

test.each(forms)("matrixLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const d = hidden / heads;
  // C is [heads, key, value].
  const begin = { C: zeros(hidden * d), n: zeros(hidden) };
  expectPlainLoop(
    matrixLstm({ input, hidden, heads, forgetGate }),
    (w, { C = [], n = [] }, x) => {
      const of = (k: number): Row => plus(times(x, w("W", k)), row(w("b", k)));
      const gate = (k: number): Row => plus(times(x, w("w", k, heads)), row(w("bw", k, heads)));
      const [q, k, v, o] = [of(0), by(of(1), 1 / Math.sqrt(d)), of(2), s(of(3))];
      const [i, f] = [exp(gate(0)), forget[forgetGate](gate(1))];
      const next = range(heads).map((head) => {
        const [ih = Number.NaN, fh = Number.NaN] = [i[head], f[head]];
        const [qh, kh, vh] = [q, k, v].map((all) => part(all, head, d));
        const nextC = cut(part(C, head, d * d), d).map((values, r) =>
          plus(by(fh, values), by(ih, kh?.[r] ?? Number.NaN, vh ?? [])),
        );
        const nextN = plus(by(fh, part(n, head, d)), by(ih, kh ?? []));
        const divisor = Math.max(Math.abs(dot(nextN, qh ?? [])), 1);
        return { C: nextC.flat(), n: nextN, y: by(times(qh ?? [], nextC), 1 / divisor) };
      });
      const state = { C: next.flatMap((head) => head.C), n: next.flatMap((head) => head.n) };
      const y = next.flatMap((head) => head.y);
      return { state, output: by(o, y) };
    },
    { begin },
  );
});

test.each([-300, 300])("gates of exp(%i) are no numbers of f32, and the outputs are", (by) => {
  for (const cell of [sLstm({ input, hidden }), matrixLstm({ input, hidden, heads: 4 })]) {
    const layer = sequence<Tree, State>(cell);
    const raised = (w: Tensor): Tensor =>
      tensor(
        valuesOf(w).map((y, i) => (i < 4 ? y + by : y)),
        w.shape,
      );
    const params = mapTree(layer.init(key(4)), (w, path) => (path === "b" || path === "bw" ? raised(w) : w));
    const { output, state } = layer.apply(params, normal(key(1), [2, 6, input]));
    for (const { path, tensor: y } of leavesOf({ output, state }))
      expect(valuesOf(y).every(Number.isFinite), `${cell.name}: ${path}`).toBe(true);
  }
});

test("heads must divide the hidden units, and a forget gate is one of two", () => {
  const heads = "heads must be an integer >= 1 that divides hidden, got heads 3 and hidden 4";
  expect(() => sLstm({ input, hidden, heads: 3 })).toThrow(`sLstm: ${heads}`);
  expect(() => matrixLstm({ input, hidden, heads: 3 })).toThrow(`matrixLstm: ${heads}`);
  expect(() => matrixLstm({ input, hidden, heads: 0.5 })).toThrow("got heads 0.5");
  const forgetGate = "exp" as "exponential";
  expect(() => sLstm({ input, hidden, forgetGate })).toThrow("sLstm: unknown forgetGate exp");
  expect(() => matrixLstm({ input, hidden, forgetGate })).toThrow("matrixLstm: unknown forgetGate exp");
  expect(() => matrixLstm({ input, hidden, epsilon: -1 })).toThrow("epsilon must be a finite number >= 0, got -1");
});
