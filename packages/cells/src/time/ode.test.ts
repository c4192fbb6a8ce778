// Cells whose states evolve between or within steps, against their equations written out as loops.
import { key, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  each,
  expectPlainSequence,
  none,
  part,
  plus,
  sigma,
  type Weights,
} from "../../../../fixtures/cells/plain-time-steps.ts";
import { ctGru, gru, hiddenOde, lstm, odeLstm, odeRnn, sequence } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const H = 3;

type Field = (y: readonly number[]) => number[];

const along = (y: readonly number[], by: number, k: readonly number[]): number[] => each((a, b) => a + by * b, y, k);

/** n steps of a method, from its tableau. */
function solved(method: "euler" | "midpoint" | "rk4", n: number, field: Field, begin: readonly number[], dt: number) {
  let y = [...begin];
  const h = dt / n;
  for (let step = 0; step < n; step++) {
    const k1 = field(y);
    if (method === "euler") y = along(y, h, k1);
    if (method === "midpoint") y = along(y, h, field(along(y, h / 2, k1)));
    if (method === "rk4") {
      const k2 = field(along(y, h / 2, k1));
      const k3 = field(along(y, h / 2, k2));
      const k4 = field(along(y, h, k3));
      y = each((a, p, q, r, s) => a + (h / 6) * (p + 2 * q + 2 * r + s), y, k1, k2, k3, k4);
    }
  }
  return y;
}

const perceptron = ({ times, vector }: Weights, y: readonly number[], last: number): number[] => {
  let at = [...y];
  for (let i = 0; i <= last; i++) {
    at = plus(times(i === 0 ? at : at.map(Math.tanh), `ode.${i}.W`), vector(`ode.${i}.b`));
  }
  return at;
};

describe("hiddenOde", () => {
  test.each(["euler", "midpoint", "rk4"] as const)("evolves an LSTM's h and c together by %s", (method) => {
    const cell = hiddenOde(lstm(sizes), { method, steps: 2, layers: 2, units: 4 });
    expectPlainSequence(cell, (weights, { x, extra }) => {
      let [h, c] = [none(H), none(H)];
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        const y = solved(method, 2, (at) => perceptron(weights, at, 2), [...h, ...c], dt);
        const a = plus(weights.times(now, "W"), weights.times(y.slice(0, H), "U"), weights.vector("b"));
        const memory = y.slice(H);
        c = each(
          (f, m, i, g) => sigma(f) * m + sigma(i) * Math.tanh(g),
          part(a, 1, H),
          memory,
          part(a, 0, H),
          part(a, 2, H),
        );
        h = each((o, m) => sigma(o) * Math.tanh(m), part(a, 3, H), c);
        return h;
      });
      return { output, state: { h, c } };
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
    expectPlainSequence(odeLstm({ ...sizes, method, steps: 3 }), (weights, { x, extra }) => {
      let [h, c] = [none(H), none(H)];
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        const a = plus(weights.times(now, "W"), weights.times(h, "U"), weights.vector("b"));
        c = each(
          (f, m, i, g) => sigma(f) * m + sigma(i) * Math.tanh(g),
          part(a, 1, H),
          c,
          part(a, 0, H),
          part(a, 2, H),
        );
        const begin = each((o, m) => sigma(o) * Math.tanh(m), part(a, 3, H), c);
        h = solved(method, 3, (at) => perceptron(weights, at, 1), begin, dt);
        return h;
      });
      return { output, state: { h, c } };
    });
  });

  test("errors", () => {
    expect(() => odeLstm({ ...sizes, method: JSON.parse('"heun"') })).toThrow("odeLstm: unknown method heun");
  });
});

describe("ctGru", () => {
  const timeScales = [0.5, 2, 8, 40];

  test("is Mozer et al.'s equations", () => {
    expectPlainSequence(ctGru({ ...sizes, timeScales }), ({ times, vector }, { x, extra }) => {
      // One list of units for each time scale.
      let memory = timeScales.map(() => none(H));
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        memory = memory.map((m, i) => m.map((value) => value * Math.exp(-dt / (timeScales[i] ?? NaN))));
        const h = plus(...memory);
        // Products of all three gates; of each, the part that is its own.
        const gate = (k: number, state: readonly number[]): number[] =>
          plus(part(times(now, "W"), k, H), part(times(state, "U"), k, H), part(vector("b"), k, H));
        const chosen = (lnTau: readonly number[]): number[][] => {
          const scores = timeScales.map((tau) => lnTau.map((value) => Math.exp(-((value - Math.log(tau)) ** 2))));
          return scores.map((score) => each((a, total) => a / total, score, plus(...scores)));
        };
        const [r, s] = [chosen(gate(0, h)), chosen(gate(1, h))];
        const read = plus(...memory.map((m, i) => each((a, b) => a * b, r[i] ?? [], m)));
        const q = gate(2, read).map(Math.tanh);
        memory = memory.map((m, i) => each((a, old, now_) => (1 - a) * old + a * now_, s[i] ?? [], m, q));
        return plus(...memory);
      });
      return { output, state: { memory: none(H).flatMap((_, j) => memory.map((m) => m[j] ?? NaN)) } };
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
