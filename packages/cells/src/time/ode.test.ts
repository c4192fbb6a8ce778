// Cells whose states evolve between or within steps, against their equations in plain numbers.
import { key, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  by,
  cut,
  each,
  expectPlainLoop,
  minus,
  plus,
  row,
  s,
  th,
  times,
  transposed,
  type Row,
  type Weight,
} from "../../../../fixtures/cells/plain-loop.ts";
import { ctGru, gru, hiddenOde, lstm, odeLstm, odeRnn, sequence } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const H = 3;

type Field = (y: Row) => Row;

/** n steps of a method, from its tableau. */
function solved(method: "euler" | "midpoint" | "rk4", n: number, field: Field, begin: Row, dt: number): Row {
  let y = begin;
  const h = dt / n;
  for (let step = 0; step < n; step++) {
    const k1 = field(y);
    if (method === "euler") y = plus(y, by(h, k1));
    if (method === "midpoint") y = plus(y, by(h, field(plus(y, by(h / 2, k1)))));
    if (method === "rk4") {
      const k2 = field(plus(y, by(h / 2, k1)));
      const k3 = field(plus(y, by(h / 2, k2)));
      const k4 = field(plus(y, by(h, k3)));
      y = plus(y, by(h / 6, plus(k1, by(2, k2), by(2, k3), k4)));
    }
  }
  return y;
}

const perceptron = (w: Weight, y: Row, last: number): Row => {
  let at = y;
  for (let i = 0; i <= last; i++) at = plus(times(i === 0 ? at : th(at), w(`ode.${i}.W`)), row(w(`ode.${i}.b`)));
  return at;
};

describe("hiddenOde", () => {
  test.each(["euler", "midpoint", "rk4"] as const)("evolves an LSTM's h and c together by %s", (method) => {
    const cell = hiddenOde(lstm(sizes), { method, steps: 2, layers: 2, units: 4 });
    expectPlainLoop(cell, (w, { h: before = [], c = [] }, x, { elapsed: [dt = NaN] = [] }) => {
      const y = solved(method, 2, (at) => perceptron(w, at, 2), [...before, ...c], dt);
      const [h, memory] = [y.slice(0, H), y.slice(H)];
      const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
      const nextC = plus(by(s(a(1)), memory), by(s(a(0)), th(a(2))));
      const nextH = by(s(a(3)), th(nextC));
      return { state: { h: nextH, c: nextC }, output: nextH };
    });
  });

  test("of no time is the cell itself", () => {
    const layer = sequence(odeRnn(sizes));
    const { ode, ...own } = layer.init(key(1));
    const x = tensor([1, -1, 0.5, 2], [1, 2, 2]);
    const elapsed = tensor([0, 0], [1, 2, 1]);
    const found = layer.apply({ ...own, ode }, x, { extra: { elapsed } }).output;
    expect(valuesOf(found)).toEqual(valuesOf(sequence(gru(sizes)).apply(own, x).output));
  });

  test("errors", () => {
    expect(() => hiddenOde(gru(sizes), { steps: 0 })).toThrow("hiddenOde: steps must be an integer >= 1, got 0");
    expect(() => hiddenOde(gru(sizes), { layers: -1 })).toThrow(
      "hiddenOde: the number of hidden layers must be an integer >= 0, got -1",
    );
    expect(() => hiddenOde(odeRnn(sizes))).toThrow("hiddenOde: gruOde already has a parameter named ode; rename it");
    const cell = odeRnn(sizes);
    expect(() => cell.step(cell.init(key(1)), { h: tensor([0, 0, 0], [1, 3]) }, tensor([1, 2], [1, 2]))).toThrow(
      "gruOde: the time between steps is missing; pass { extra: { elapsed } }, [batch, time, 1]",
    );
  });
});

describe("odeLstm", () => {
  test.each(["euler", "rk4"] as const)("is Lechner and Hasani's algorithm, by %s", (method) => {
    const cell = odeLstm({ ...sizes, method, steps: 3 });
    expectPlainLoop(cell, (w, { h = [], c = [] }, x, { elapsed: [dt = NaN] = [] }) => {
      const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
      const nextC = plus(by(s(a(1)), c), by(s(a(0)), th(a(2))));
      const nextH = solved(method, 3, (at) => perceptron(w, at, 1), by(s(a(3)), th(nextC)), dt);
      return { state: { h: nextH, c: nextC }, output: nextH };
    });
  });

  test("errors", () => {
    expect(() => odeLstm({ ...sizes, method: JSON.parse('"heun"') })).toThrow("odeLstm: unknown method heun");
  });
});

describe("ctGru", () => {
  const timeScales = [0.5, 2, 8, 40];

  test("is Mozer et al.'s equations", () => {
    const cell = ctGru({ ...sizes, timeScales });
    expectPlainLoop(cell, (w, { memory: before = [] }, x, { elapsed: [dt = NaN] = [] }) => {
      // One row of units for each time scale; the cell's state is [hidden, time scales].
      const memory = transposed(cut(before, timeScales.length)).map((m, i) =>
        by(Math.exp(-dt / (timeScales[i] ?? NaN)), m),
      );
      const h = plus(...memory);
      const a = (gate: number, state: Row): Row =>
        plus(times(x, w("W", gate)), times(state, w("U", gate)), row(w("b", gate)));
      const chosen = (lnTau: Row): readonly Row[] => {
        const scores = timeScales.map((tau) => lnTau.map((value) => Math.exp(-((value - Math.log(tau)) ** 2))));
        return scores.map((score) => each((one, all) => one / all, score, plus(...scores)));
      };
      const [r, S] = [chosen(a(0, h)), chosen(a(1, h))];
      const read = plus(...memory.map((m, i) => by(r[i] ?? [], m)));
      const q = th(a(2, read));
      const next = memory.map((m, i) => plus(by(minus(1, S[i] ?? []), m), by(S[i] ?? [], q)));
      return { state: { memory: transposed(next).flat() }, output: plus(...next) };
    });
  });

  test("forgets each time scale at its own rate, where nothing is written", () => {
    const layer = sequence(ctGru({ ...sizes, timeScales: [1, 1000] }));
    const drawn = layer.init(key(1));
    // Writes to the longest time scale only, and nothing but 0.
    const params = { W: scaled(drawn.W, 0), U: scaled(drawn.U, 0), b: tensor([0, 0, 0, 9, 9, 9, 0, 0, 0], [9]) };
    const memory = tensor([1, 0, 1, 0, 1, 0], [1, 3, 2]);
    const { state } = layer.apply(params, tensor([1, 2], [1, 1, 2]), {
      state: { memory },
      extra: { elapsed: tensor([2], [1, 1, 1]) },
    });
    expect(valuesOf(state.memory)[0]).toBeCloseTo(Math.exp(-2), 5);
  });

  test("errors", () => {
    const message = "ctGru: timeScales must be positive, finite and increasing, got";
    expect(() => ctGru({ ...sizes, timeScales: [] })).toThrow(message);
    expect(() => ctGru({ ...sizes, timeScales: [0, 1] })).toThrow(`${message} 0, 1`);
    expect(() => ctGru({ ...sizes, timeScales: [2, 1] })).toThrow(`${message} 2, 1`);
  });
});

const scaled = (w: Parameters<typeof valuesOf>[0], by: number) =>
  tensor(
    [...valuesOf(w)].map((value) => value * by),
    w.shape,
  );
