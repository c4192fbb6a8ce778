// The LSTMs that know the time against their papers' equations in plain numbers.
import { constrain } from "@sluice/params";
import { key, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  by,
  each,
  expectPlainLoop,
  minus,
  plus,
  row,
  s,
  th,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { lstm, phasedLstm, sequence, timeAwareLstm, timeLstm } from "../index.ts";

const sizes = { input: 2, hidden: 3 };

describe("timeAwareLstm", () => {
  test("is Baytas et al.'s equations", () => {
    expectPlainLoop(timeAwareLstm(sizes), (w, { h = [], c = [] }, x, { elapsed: [dt = NaN] = [] }) => {
      const short = th(plus(times(c, w("Wd")), row(w("bd"))));
      const adjusted = plus(minus(c, short), by(short, 1 / Math.log(Math.E + dt)));
      const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
      const nextC = plus(by(s(a(1)), adjusted), by(s(a(0)), th(a(2))));
      const nextH = by(s(a(3)), th(nextC));
      return { state: { h: nextH, c: nextC }, output: nextH };
    });
  });

  test("is the LSTM where no time has passed", () => {
    const layer = sequence(timeAwareLstm(sizes));
    const { Wd: _W, bd: _b, ...own } = layer.init(key(1));
    const x = tensor([1, -1, 0.5, 2], [1, 2, 2]);
    const elapsed = tensor([0, 0], [1, 2, 1]);
    const found = valuesOf(layer.apply({ ...own, Wd: _W, bd: _b }, x, { extra: { elapsed } }).output);
    const plain = valuesOf(sequence(lstm(sizes)).apply(own, x).output);
    found.forEach((value, i) => expect(value).toBeCloseTo(plain[i] ?? NaN, 6));
  });
});

describe("timeLstm", () => {
  test.each([1, 2, 3] as const)("is Zhu et al.'s equations, form %i", (form) => {
    const order = form === 3 ? "igo" : "ifgo";
    expectPlainLoop(timeLstm({ ...sizes, form }), (w, { h = [], c = [] }, x, { elapsed: [dt = NaN] = [] }) => {
      const a = (name: string): Row => {
        const gate = order.indexOf(name);
        return plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
      };
      const see = (path: string, memory: Row): Row => by(row(w(path)), memory);
      const T = (k: number): Row => s(plus(times(x, w("Wx", k - 1)), row(w("bx", k - 1)), s(by(dt, row(w(`Wt${k}`))))));
      const i = s(plus(a("i"), see("wci", c)));
      const f = form === 3 ? [] : s(plus(a("f"), see("wcf", c)));
      const g = th(a("g"));
      const written = by(i, T(1), g);
      const m = form === 3 ? plus(by(minus(1, by(i, T(1))), c), written) : plus(by(f, c), written);
      const o = s(plus(a("o"), by(dt, row(w("Wto"))), see("wco", m)));
      const nextH = by(o, th(m));
      const nextC = form === 1 ? m : plus(by(form === 2 ? f : minus(1, i), c), by(i, T(2), g));
      return { state: { h: nextH, c: nextC }, output: nextH };
    });
  });

  test("holds W_t1 at or below 0 in forms 2 and 3", () => {
    const cell = timeLstm({ ...sizes, form: 2 });
    const params = cell.init(key(3));
    expect([...valuesOf(params.Wt1)].every((w) => w < 0)).toBe(true);
    const updated = { ...params, Wt1: tensor([-1, 0, 2], [3]) };
    expect([...valuesOf(constrain(cell, updated).Wt1)]).toEqual([-1, 0, 0]);
    const first = timeLstm({ ...sizes, form: 1 });
    expect([...valuesOf(constrain(first, { ...first.init(key(3)), Wt1: updated.Wt1 }).Wt1)]).toEqual([-1, 0, 2]);
  });

  test("errors", () => {
    expect(() => timeLstm({ ...sizes, form: JSON.parse("4") })).toThrow("timeLstm: form must be 1, 2 or 3, got 4");
  });
});

describe("phasedLstm", () => {
  test.each([
    [false, false],
    [true, true],
  ])("is Neil et al.'s equations, peepholes %s, training %s", (peepholes, training) => {
    const cell = phasedLstm({ ...sizes, peepholes, openRatio: 0.6, logPeriods: [-0.5, 0.5], leak: 0.1 });
    expectPlainLoop(
      cell,
      (w, { h = [], c = [] }, x, { time: [at = NaN] = [] }) => {
        const see = (path: string, memory: Row): Row | number => (peepholes ? by(row(w(path)), memory) : 0);
        const k = each(
          (tau, shift, r) => {
            const since = at - shift * tau;
            const phi = (since - Math.floor(since / tau) * tau) / tau;
            if (phi < r / 2) return (2 * phi) / r;
            return phi < r ? 2 - (2 * phi) / r : training ? 0.1 * phi : 0;
          },
          row(w("tau")),
          row(w("shift")),
          row(w("r")),
        );
        const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
        const i = s(plus(a(0), see("wci", c)));
        const f = s(plus(a(1), see("wcf", c)));
        const proposed = plus(by(f, c), by(i, th(a(2))));
        const o = s(plus(a(3), see("wco", proposed)));
        const nextC = plus(by(k, proposed), by(minus(1, k), c));
        const nextH = plus(by(k, o, th(proposed)), by(minus(1, k), h));
        return { state: { h: nextH, c: nextC }, output: nextH };
      },
      // Periods and open ratios stay positive.
      { training, deviation: 0.2 },
    );
  });

  test("has clocks that go on over masked steps", () => {
    const layer = sequence(phasedLstm({ ...sizes, openRatio: 0.9 }));
    const params = layer.init(key(1));
    const mask = tensor([1, 0, 1], [1, 3], { dtype: "bool" });
    const x = tensor([1, 2, 3, 4, 5, 6], [1, 3, 2]);
    const at = (...times: number[]): Tensor =>
      layer.apply(params, x, { mask, extra: { time: tensor(times, [1, 3, 1]) } }).output;
    // The time of a masked step is not read, and the next step is at its own time, not at that plus what was masked.
    expect(valuesOf(at(0, 0.5, 0.9))).toEqual(valuesOf(at(0, NaN, 0.9)));
    expect(valuesOf(at(0, 0.5, 0.9))).not.toEqual(valuesOf(at(0, 0.5, 0.4)));
  });

  test("begins with periods in the given range and shifts within them", () => {
    const { tau, shift } = phasedLstm({ input: 1, hidden: 200 }).init(key(2));
    const periods = [...valuesOf(tau)];
    expect(Math.min(...periods)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...periods)).toBeLessThan(Math.exp(3));
    expect(new Set(periods).size).toBeGreaterThan(190);
    expect([...valuesOf(shift)].every((s) => s >= 0 && s < 1)).toBe(true);
  });

  test("errors", () => {
    expect(() => phasedLstm({ ...sizes, openRatio: 0 })).toThrow(
      "phasedLstm: openRatio must be above 0 and at most 1, got 0",
    );
    expect(() => phasedLstm({ ...sizes, leak: -1 })).toThrow("phasedLstm: leak must lie in [0, 1], got -1");
    expect(() => phasedLstm({ ...sizes, logPeriods: [3, 0] })).toThrow(
      "phasedLstm: logPeriods must be two finite numbers, low and high, got 3, 0",
    );
  });
});
