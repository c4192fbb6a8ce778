// The forms of the LSTM that other packages have no numbers of, and options that contradict each other.
import { key } from "@sluice/tensor";
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
import { lstm } from "../index.ts";

const sizes = { input: 3, hidden: 4 };

test("coupled: the forget gate is 1 - i", () => {
  expectPlainLoop(lstm({ ...sizes, coupled: true }), (w, { h = [], c = [] }, x) => {
    const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
    const i = s(a(0));
    const next = plus(by(minus(1, i), c), by(i, th(a(1))));
    const output = by(s(a(2)), th(next));
    return { state: { h: output, c: next }, output };
  });
});

test("coupled, with peepholes: the vanilla LSTM of Greff et al. with coupled gates", () => {
  expectPlainLoop(lstm({ ...sizes, coupled: true, peephole: true }), (w, { h = [], c = [] }, x) => {
    const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
    const i = s(plus(a(0), by(row(w("p", 0)), c)));
    const next = plus(by(minus(1, i), c), by(i, th(a(1))));
    const output = by(s(plus(a(2), by(row(w("p", 1)), next))), th(next));
    return { state: { h: output, c: next }, output };
  });
});

test("projection, with peepholes: the LSTMP of Sak et al.", () => {
  expectPlainLoop(lstm({ ...sizes, projection: 2, peephole: true }), (w, { h = [], c = [] }, x) => {
    const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
    const i = s(plus(a(0), by(row(w("p", 0)), c)));
    const f = s(plus(a(1), by(row(w("p", 1)), c)));
    const next = plus(by(f, c), by(i, th(a(2))));
    const o = s(plus(a(3), by(row(w("p", 2)), next)));
    const output = times(by(o, th(next)), w("P"));
    return { state: { h: output, c: next }, output };
  });
});

test("initial values: only the forget gate's bias is raised, and peepholes begin as zeros", () => {
  const begun = lstm({ input: 1, hidden: 2, peephole: true }).init(key(1));
  expect(begun).toMatchObject({ b: { data: new Float32Array([0, 0, 1, 1, 0, 0, 0, 0]) } });
  expect(begun).toMatchObject({ p: { data: new Float32Array(6) } });
  const coupled = lstm({ input: 1, hidden: 2, coupled: true }).init(key(1));
  expect(coupled).toMatchObject({ b: { data: new Float32Array(6) } });
});

test("options that contradict each other or are out of range are errors", () => {
  expect(() => lstm({ ...sizes, coupled: true, forgetGate: false })).toThrow(
    "lstm: coupled: true makes the forget gate 1 - i, and forgetGate: false leaves it out; give one of them",
  );
  expect(() => lstm({ ...sizes, coupled: true, forgetBias: 2 })).toThrow(
    "lstm: forgetBias 2 needs a forget gate with a bias; there is none with coupled: true",
  );
  expect(() => lstm({ ...sizes, forgetGate: false, forgetBias: 1 })).toThrow("none with forgetGate: false");
  expect(() => lstm({ ...sizes, projection: 0 })).toThrow("lstm: projection must be an integer >= 1, got 0");
});
