// sLstm and matrixLstm against the equations of xLSTM without its stabilizer (arXiv:2405.04517, sections 2.2 and 2.3).
import { key, leavesOf, mapTree, normal, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  expectPlainSequence,
  column,
  dot,
  part,
  range,
  rowOf,
  rowsOf,
  sigmoid,
  times,
  type Matrix,
} from "../../../../fixtures/cells/plain-sequence.ts";
import { matrixLstm, sequence, sLstm, type State } from "../index.ts";

const [input, hidden] = [3, 4];
const forget = { sigmoid, exponential: Math.exp };
const forms = [
  [1, "sigmoid"],
  [2, "sigmoid"],
  [2, "exponential"],
] as const;

test.each(forms)("sLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const width = hidden / heads;
  expectPlainSequence(sLstm({ input, hidden, heads, forgetGate }), ({ W, U, b }, x) => {
    let [h, c, n] = [range(hidden).map(() => 0), range(hidden).map(() => 0), range(hidden).map(() => 0)];
    return x.map((xt) => {
      const fromX = times(xt, rowsOf(W), rowOf(b));
      const fromH = U.map((block, head) => times(part(h, head, width), rowsOf(block)));
      const gate = (at: number): number[] =>
        range(hidden).map((j) => fromX[at * hidden + j]! + fromH[Math.floor(j / width)]![at * width + (j % width)]!);
      const [i, f] = [gate(0).map(Math.exp), gate(1).map(forget[forgetGate])];
      const [z, o] = [gate(2).map(Math.tanh), gate(3).map(sigmoid)];
      c = c.map((y, j) => f[j]! * y + i[j]! * z[j]!);
      n = n.map((y, j) => f[j]! * y + i[j]!);
      h = c.map((y, j) => (o[j]! * y) / n[j]!);
      return h;
    });
  });
});

test.each(forms)("matrixLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const d = hidden / heads;
  expectPlainSequence(matrixLstm({ input, hidden, heads, forgetGate }), ({ W, b, w, bw }, x) => {
    // [key, value] for each head
    const C = range(heads).map((): Matrix => range(d).map(() => range(d).map(() => 0)));
    const n = range(heads).map(() => range(d).map(() => 0));
    return x.map((xt) => {
      const projections = times(xt, rowsOf(W), rowOf(b));
      const gates = times(xt, rowsOf(w), rowOf(bw));
      return range(heads).flatMap((head) => {
        const of = (at: number): number[] => part(part(projections, at, hidden), head, d);
        const [q, k, v, o] = [of(0), of(1).map((y) => y / Math.sqrt(d)), of(2), of(3).map(sigmoid)];
        const [i, f] = [Math.exp(gates[head]!), forget[forgetGate](gates[heads + head]!)];
        C[head] = C[head]!.map((row, r) => row.map((y, s) => f * y + i * k[r]! * v[s]!));
        n[head] = n[head]!.map((y, r) => f * y + i * k[r]!);
        const divisor = Math.max(Math.abs(dot(n[head], q)), 1);
        return range(d).map((s) => (o[s]! * dot(q, column(C[head]!, s))) / divisor);
      });
    });
  });
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
