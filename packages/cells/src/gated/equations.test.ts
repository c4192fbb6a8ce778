// Gated cells of which no package has the paper's numbers, against the paper's equations in plain numbers; and their
// errors and initial values.
import { batchNorm } from "@sluice/norm";
import { key, mul, normal, valuesOf } from "@sluice/tensor";
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
  type PlainStep,
  type Row,
  type Weight,
} from "../../../../fixtures/cells/plain-loop.ts";
import { cfn, liGru, mgu, ran, resLstm, scrn, sequence, ugrnn, type MguForm } from "../index.ts";

const sizes = { input: 3, hidden: 4 };

const afterForget = (forget: (w: Weight, h: Row) => Row, last: { readonly U: number; readonly b: number }): PlainStep =>
  function step(w, { h = [] }, x) {
    const f = forget(w, h);
    const n = th(plus(times(x, w("W")), times(by(f, h), w("U", last.U)), row(w("b", last.b))));
    const output = plus(by(minus(1, f), h), by(f, n));
    return { state: { h: output }, output };
  };

test.each<[MguForm, PlainStep]>([
  ["MGU1", afterForget((w, h) => s(plus(times(h, w("U", 0)), row(w("b", 0)))), { U: 1, b: 1 })],
  ["MGU2", afterForget((w, h) => s(times(h, w("U", 0))), { U: 1, b: 0 })],
  ["MGU3", afterForget((w) => s(row(w("b", 0))), { U: 0, b: 1 })],
])("%s", (form, step) => {
  expectPlainLoop(mgu({ ...sizes, form }), step);
});

test("CFN", () => {
  expectPlainLoop(cfn(sizes), (w, { h = [] }, x) => {
    const gate = (g: number): Row => s(plus(times(x, w("W", g)), times(h, w("U", g)), row(w("b", g))));
    const output = plus(by(gate(0), th(h)), by(gate(1), th(times(x, w("W", 2)))));
    return { state: { h: output }, output };
  });
});

test("RAN, with the identity", () => {
  expectPlainLoop(ran({ ...sizes, activation: "linear" }), (w, { h = [], c = [] }, x) => {
    const gate = (g: number): Row => s(plus(times(x, w("W", g + 1)), times(h, w("U", g)), row(w("b", g))));
    const output = plus(by(gate(0), times(x, w("W", 0))), by(gate(1), c));
    return { state: { h: output, c: output }, output };
  });
});

test("SCRN, with fewer context units than hidden ones", () => {
  expectPlainLoop(scrn({ ...sizes, alpha: 0.75, context: 2 }), (w, { h = [], s: context = [] }, x) => {
    const nextS = plus(by(0.25, times(x, w("B"))), by(0.75, context));
    const nextH = s(plus(times(nextS, w("P")), times(x, w("A")), times(h, w("R"))));
    return { state: { h: nextH, s: nextS }, output: [...nextH, ...nextS] };
  });
});

test("residual LSTM, with the input as it is", () => {
  expectPlainLoop(resLstm({ input: 4, hidden: 4, shortcut: "identity" }), (w, { h = [], c = [] }, x) => {
    const a = (g: number): Row => plus(times(x, w("W", g)), times(h, w("U", g)), row(w("b", g)));
    const see = (g: number, memory: Row): Row => by(row(w("p", g)), memory);
    const next = plus(by(s(plus(a(1), see(1, c))), c), by(s(plus(a(0), see(0, c))), th(a(2))));
    const output = by(s(plus(a(3), see(2, next))), plus(times(th(next), w("P")), x));
    return { state: { h: output, c: next }, output };
  });
});

test("liGru takes the paper's batch normalization of the input's products", () => {
  const cell = liGru({ ...sizes, norm: batchNorm({ placement: "input", cell: false, steps: 4 }) });
  const layer = sequence(cell);
  const params = layer.init(key(1));
  const x = normal(key(2), [5, 4, 3]);
  const apply = (scale: number) =>
    layer.apply(params, mul(x, scale), {
      training: true,
      buffers: layer.initialBuffers(),
    });
  // Statistics of the batch undo a scale of the input, but for epsilon.
  const [one, large] = [apply(100), apply(400)].map(({ output }) => [...valuesOf(output)]);
  large?.forEach((value, i) => expect(value).toBeCloseTo(one?.[i] ?? Number.NaN, 4));
});

test("initial biases", () => {
  expect(cfn({ input: 1, hidden: 2 }).init(key(1))).toMatchObject({ b: { data: new Float32Array([1, 1, -1, -1]) } });
  expect(ugrnn({ input: 1, hidden: 2 }).init(key(1))).toMatchObject({ b: { data: new Float32Array([0, 0, 1, 1]) } });
});

test("options that do not fit are errors", () => {
  // @ts-expect-error there is no such form
  expect(() => mgu({ ...sizes, form: "MGU4" })).toThrow("mgu: unknown form MGU4; did you mean MGU");
  // @ts-expect-error there is no such shortcut
  expect(() => resLstm({ ...sizes, shortcut: "none" })).toThrow("resLstm: unknown shortcut none");
  expect(() => resLstm({ ...sizes, shortcut: "identity" })).toThrow(
    'resLstm: shortcut "identity" adds the input to the state, so input 3 must equal hidden 4',
  );
  expect(() => scrn({ ...sizes, alpha: 1 })).toThrow("scrn: alpha must lie in [0, 1), got 1");
  expect(() => scrn({ ...sizes, context: 0 })).toThrow("scrn: context must be an integer >= 1, got 0");
});
