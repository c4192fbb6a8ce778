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
  relu,
  row,
  s,
  th,
  times,
  type PlainStep,
  type Row,
  type Weight,
} from "../../../../fixtures/cells/plain-loop.ts";
import {
  cfn,
  dsgu,
  liGru,
  mgu,
  miru,
  mut,
  nas,
  ran,
  resLstm,
  scrn,
  sequence,
  sgu,
  ugrnn,
  type MguForm,
} from "../index.ts";

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

/** MUT1 and MUT2 of the paper's equations: `own` is what the input gives r and n. */
const mutation = (form: "MUT1" | "MUT2", own: (w: Weight, x: Row) => { readonly r: Row; readonly n: Row }): PlainStep =>
  function step(w, { h = [] }, x) {
    const first = form === "MUT1" ? 0 : 1;
    const { r: xr, n: xn } = own(w, x);
    const hUz = form === "MUT1" ? 0 : times(h, w("U", 0));
    const z = s(plus(times(x, w("W", 0)), hUz, row(w("b", 0))));
    const r = s(plus(xr, times(h, w("U", first)), row(w("b", 1))));
    const n = th(plus(times(by(r, h), w("U", first + 1)), xn, row(w("b", 2))));
    const output = plus(by(z, n), by(minus(1, z), h));
    return { state: { h: output }, output };
  };

test("MUT1, with a matrix where the paper has x itself", () => {
  const own = (w: Weight, x: Row) => ({ r: times(x, w("W", 1)), n: th(times(x, w("W", 2))) });
  expectPlainLoop(mut(sizes), mutation("MUT1", own));
});

test("MUT1 and MUT2, with x itself", () => {
  const square = { input: 4, hidden: 4, bareInput: true };
  const first = mutation("MUT1", (w, x) => ({ r: times(x, w("W", 1)), n: th(x) }));
  expectPlainLoop(mut({ ...square, form: "MUT1" }), first);
  const second = mutation("MUT2", (w, x) => ({ r: x, n: times(x, w("W", 1)) }));
  expectPlainLoop(mut({ ...square, form: "MUT2" }), second);
});

test.each([false, true])("NAS, bias %s: node 3 multiplies", (bias) => {
  expectPlainLoop(nas({ ...sizes, bias }), (w, { h = [], c = [] }, x) => {
    const [xW, hU] = [
      (block: number) => times(x, w("W", block)),
      (block: number) => plus(times(h, w("U", block)), bias ? row(w("b", block)) : 0),
    ];
    const [a0, a1, a2, a4, a5, a6, a7] = [0, 1, 2, 3, 4, 5, 6].map((block) => plus(xW(block), hU(block)));
    const p = th(by(s(a0 ?? []), relu(a1 ?? [])));
    const q = th(plus(s(a2 ?? []), relu(by(xW(7), hU(7)))));
    const r = th(by(th(a4 ?? []), s(a5 ?? [])));
    const v = s(plus(th(a6 ?? []), s(a7 ?? [])));
    const next = by(th(plus(p, c)), q);
    const output = th(by(next, th(plus(r, v))));
    return { state: { h: output, c: next }, output };
  });
});

const gatedUnit = (candidate: (w: Weight, gh: Row) => Row): PlainStep =>
  function step(w, { h = [] }, x) {
    const g = th(times(by(plus(times(x, w("W", 0)), row(w("b", 0))), h), w("U", 0)));
    const a = plus(times(x, w("W", 1)), times(h, w("U", 1)), row(w("b", 1)));
    const z = a.map((value) => Math.min(Math.max(0.2 * value + 0.5, 0), 1));
    const output = plus(by(minus(1, z), h), by(z, candidate(w, by(g, h))));
    return { state: { h: output }, output };
  };

test("SGU and DSGU, with Theano's hard sigmoid", () => {
  const softplus = (y: Row): Row => y.map((value) => Math.log1p(Math.exp(value)));
  expectPlainLoop(
    sgu(sizes),
    gatedUnit((_, gh) => softplus(gh)),
  );
  expectPlainLoop(
    dsgu(sizes),
    gatedUnit((w, gh) => s(times(gh, w("V")))),
  );
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
  // @ts-expect-error there is no such form
  expect(() => mut({ ...sizes, form: "MUT4" })).toThrow("mut: unknown form MUT4; did you mean MUT");
  expect(() => mut({ ...sizes, bareInput: true })).toThrow(
    "mut: bareInput adds the input to preactivations, so input 3 must equal hidden 4",
  );
  expect(() => mut({ input: 4, hidden: 4, form: "MUT3", bareInput: true })).toThrow(
    "mut: MUT3 has a matrix at every product of the input; leave bareInput out",
  );
  // @ts-expect-error there is no such form
  expect(() => miru({ ...sizes, form: "MiRU3" })).toThrow("miru: unknown form MiRU3; did you mean MiRU");
  expect(() => miru({ ...sizes, reset: 0.5 })).toThrow("miru: reset 0.5 is a constant of MiRU2");
  expect(() => miru({ ...sizes, update: 2 })).toThrow("miru: update must lie in [0, 1], got 2");
  expect(() => scrn({ ...sizes, alpha: 1 })).toThrow("scrn: alpha must lie in [0, 1), got 1");
  expect(() => scrn({ ...sizes, context: 0 })).toThrow("scrn: context must be an integer >= 1, got 0");
});
