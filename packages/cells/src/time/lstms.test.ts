// The LSTMs that know the time against their papers' equations, written out as loops.
import { constrain } from "@sluice/params";
import { key, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { each, expectPlainSequence, none, part, plus, sigma } from "../../../../fixtures/cells/plain-time-steps.ts";
import { lstm, phasedLstm, sequence, timeAwareLstm, timeLstm } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const H = 3;

describe("timeAwareLstm", () => {
  test("is Baytas et al.'s equations", () => {
    expectPlainSequence(timeAwareLstm(sizes), ({ vector, times }, { x, extra }) => {
      let [h, c] = [none(H), none(H)];
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        const short = each(Math.tanh, plus(times(c, "Wd"), vector("bd")));
        const adjusted = each((all, s) => all - s + s * (1 / Math.log(Math.E + dt)), c, short);
        const a = plus(times(now, "W"), times(h, "U"), vector("b"));
        const [i, f, g, o] = [0, 1, 2, 3].map((k) => part(a, k, H));
        c = each((ai, af, ag, m) => sigma(af) * m + sigma(ai) * Math.tanh(ag), i ?? [], f ?? [], g ?? [], adjusted);
        h = each((ao, m) => sigma(ao) * Math.tanh(m), o ?? [], c);
        return h;
      });
      return { output, state: { h, c } };
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
    expectPlainSequence(timeLstm({ ...sizes, form }), ({ vector, times }, { x, extra }) => {
      let [h, c] = [none(H), none(H)];
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        const a = plus(times(now, "W"), times(h, "U"), vector("b"));
        const order = form === 3 ? "igo" : "ifgo";
        const gate = (name: string): number[] => part(a, order.indexOf(name), H);
        const timeGate = (k: number): number[] =>
          each(
            (s, w) => sigma(s + sigma(dt * w)),
            part(plus(times(now, "Wx"), vector("bx")), k - 1, H),
            vector(`Wt${k}`),
          );
        const i = each((s, w, m) => sigma(s + w * m), gate("i"), vector("wci"), c);
        const g = each(Math.tanh, gate("g"));
        const T1 = timeGate(1);
        const f = form === 3 ? none(H) : each((s, w, m) => sigma(s + w * m), gate("f"), vector("wcf"), c);
        const m =
          form === 3
            ? each((vi, vT, old, vg) => (1 - vi * vT) * old + vi * vT * vg, i, T1, c, g)
            : each((vf, old, vi, vT, vg) => vf * old + vi * vT * vg, f, c, i, T1, g);
        const o = each((s, w, wm, v) => sigma(s + dt * w + wm * v), gate("o"), vector("Wto"), vector("wco"), m);
        h = each((vo, v) => vo * Math.tanh(v), o, m);
        if (form === 1) c = m;
        if (form === 2) c = each((vf, old, vi, vT, vg) => vf * old + vi * vT * vg, f, c, i, timeGate(2), g);
        if (form === 3) c = each((vi, vT, old, vg) => (1 - vi) * old + vi * vT * vg, i, timeGate(2), c, g);
        return h;
      });
      return { output, state: { h, c } };
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
    expectPlainSequence(
      cell,
      ({ vector, times }, { x, extra }) => {
        let [h, c] = [none(H), none(H)];
        const peephole = (name: string): number[] => (peepholes ? vector(name) : none(H));
        const output = x.map((now, t) => {
          const [at = NaN] = extra["time"]?.[t] ?? [];
          const k = each(
            (tau, shift, r) => {
              const since = at - shift * tau;
              const phi = (since - Math.floor(since / tau) * tau) / tau;
              if (phi < r / 2) return (2 * phi) / r;
              return phi < r ? 2 - (2 * phi) / r : training ? 0.1 * phi : 0;
            },
            vector("tau"),
            vector("shift"),
            vector("r"),
          );
          const a = plus(times(now, "W"), times(h, "U"), vector("b"));
          const i = each((s, w, m) => sigma(s + w * m), part(a, 0, H), peephole("wci"), c);
          const f = each((s, w, m) => sigma(s + w * m), part(a, 1, H), peephole("wcf"), c);
          const proposed = each((vf, m, vi, s) => vf * m + vi * Math.tanh(s), f, c, i, part(a, 2, H));
          const o = each((s, w, m) => sigma(s + w * m), part(a, 3, H), peephole("wco"), proposed);
          h = each((vk, vo, m, old) => vk * vo * Math.tanh(m) + (1 - vk) * old, k, o, proposed, h);
          c = each((vk, m, old) => vk * m + (1 - vk) * old, k, proposed, c);
          return h;
        });
        return { output, state: { h, c } };
      },
      { training },
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
