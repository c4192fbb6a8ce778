// Cells between whose observations something happens, against their equations in plain numbers.
import { add, grad, key, mul, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  by,
  cut,
  dot,
  expectPlainLoop,
  minus,
  plus,
  relu,
  row,
  s,
  th,
  times,
  transposed,
  type Row,
  type Weight,
} from "../../../../fixtures/cells/plain-loop.ts";
import { gru, gruFlow, gruOdeBayes, rits, sequence } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const [D, H] = [2, 3];

/** A step of PyTorch's GRU. */
function gruStep(w: Weight, x: Row, h: Row): Row {
  const a = (gate: number): Row => plus(times(x, w("gru.W", gate)), row(w("gru.b", gate)));
  const u = (gate: number): Row => plus(times(h, w("gru.U", gate)), row(w("gru.bh", gate)));
  const [r, z] = [s(plus(a(0), u(0))), s(plus(a(1), u(1)))];
  const n = th(plus(a(2), by(r, u(2))));
  return plus(by(z, h), by(minus(1, z), n));
}

describe("gruOdeBayes", () => {
  const options = { ...sizes, method: "midpoint", steps: 2, predictionUnits: 4, preparedUnits: 2 } as const;

  test("is De Brouwer et al.'s equations", () => {
    expectPlainLoop(gruOdeBayes(options), (w, { "gru.h": before = [] }, x, { elapsed: [dt = NaN] = [], mask = [] }) => {
      const field = (h: Row): Row => {
        const gate = (k: number, state: Row): Row => plus(times(state, w("ode.U", k)), row(w("ode.b", k)));
        const [r, z] = [s(gate(0, h)), s(gate(1, h))];
        const n = th(gate(2, by(r, h)));
        return by(minus(1, z), minus(n, h));
      };
      let h = before;
      for (let i = 0; i < 2; i++) {
        const half = plus(h, by(dt / 4, field(h)));
        h = plus(h, by(dt / 2, field(half)));
      }
      const units = relu(plus(times(h, w("prediction.0.W")), row(w("prediction.0.b"))));
      const p = plus(times(units, w("prediction.1.W")), row(w("prediction.1.b")));
      // Q is [input, 4, 2] and q [input, 2].
      const prepared = x.flatMap((value, d) => {
        const [mu = NaN, logVariance = NaN] = [p[d], p[D + d]];
        const known = [value, mu, logVariance, (value - mu) / Math.exp(logVariance / 2)];
        return by(mask[d] ?? NaN, relu(plus(times(known, w("Q").slice(d * 4, (d + 1) * 4)), w("q")[d] ?? [])));
      });
      const next = mask.includes(1) ? gruStep(w, prepared, h) : h;
      return { state: { "gru.h": next }, output: next };
    });
  });

  test("does not read what was not observed, and keeps the state of a row without observation for no time", () => {
    const layer = sequence(gruOdeBayes(options));
    const params = layer.init(key(1));
    const state = { gru: { h: tensor([0.5, -1, 2], [1, 3]) } };
    const extra = { elapsed: tensor([0], [1, 1, 1]), mask: tensor([0, 0], [1, 1, 2]) };
    const still = layer.apply(params, tensor([NaN, NaN], [1, 1, 2]), { state, extra });
    expect(valuesOf(still.state.gru.h)).toEqual(valuesOf(state.gru.h));
  });

  test("gives the prediction before the observation, through which gradients flow", () => {
    const layer = sequence(gruOdeBayes(options));
    const extra = { elapsed: tensor([1, 1], [1, 2, 1]), mask: tensor([1, 0, 1, 1], [1, 2, 2]) };
    const x = tensor([1, NaN, 2, 3], [1, 2, 2]);
    const loss = (p: ReturnType<typeof layer.init>): Tensor => {
      const { traces } = layer.apply(p, x, { extra, traces: ["mean", "logVariance"] });
      return sum(traces["mean"] ?? tensor([NaN], []));
    };
    const g = grad(loss)(layer.init(key(1)));
    for (const w of [g.ode.U, g.Q, g.gru.W, g.prediction[0]?.W])
      expect(w && [...valuesOf(w)].some((value) => value !== 0 && Number.isFinite(value))).toBe(true);
  });

  test("errors", () => {
    expect(() => gruOdeBayes({ ...sizes, steps: 0 })).toThrow("gruOdeBayes: steps must be an integer >= 1, got 0");
    expect(() => gruOdeBayes({ ...sizes, predictionUnits: 0 })).toThrow(
      "gruOdeBayes: predictionUnits must be an integer >= 1, got 0",
    );
  });
});

describe("gruFlow", () => {
  test("is Bilos et al.'s equations", () => {
    const cell = gruFlow({ ...sizes, blocks: 2 });
    expectPlainLoop(cell, (w, { "gru.h": before = [] }, x, { elapsed: [dt = NaN] = [] }, { params }) => {
      /** A row times a matrix that is divided by |W u|. */
      const divided = (v: Row, path: string): Row => {
        const W = cut(params[path] ?? [], H);
        const u = row(w(`weights.${path}.spectralNorm.u`));
        const image = times(by(u, 1 / Math.sqrt(dot(u, u))), transposed(W));
        return by(times(v, W), 1 / Math.sqrt(dot(image, image)));
      };
      let h = before;
      for (const block of ["flow.0", "flow.1"]) {
        const gate = (name: string, state: Row): Row =>
          plus(divided([...state, dt], `${block}.W${name}`), row(w(`${block}.b${name}`)));
        const r = by(0.8, s(gate("r", h)));
        const z = by(0.4, s(gate("z", h)));
        const n = th(gate("n", by(r, h)));
        h = plus(h, by(th(by(dt, row(w(`${block}.w`)))), z, minus(n, h)));
      }
      const next = gruStep(w, x, h);
      return { state: { "gru.h": next }, output: next };
    });
  });

  test("of no time is the GRU", () => {
    const layer = sequence(gruFlow(sizes));
    const params = layer.init(key(1));
    const x = tensor([1, -1, 0.5, 2], [1, 2, 2]);
    const given = { extra: { elapsed: tensor([0, 0], [1, 2, 1]) }, buffers: layer.initialBuffers() };
    const plain = sequence(gru(sizes)).apply(params.gru, x).output;
    expect(valuesOf(layer.apply(params, x, given).output)).toEqual(valuesOf(plain));
  });

  test("errors", () => {
    expect(() => gruFlow({ ...sizes, blocks: 0 })).toThrow("gruFlow: blocks must be an integer >= 1, got 0");
  });
});

describe("rits", () => {
  test.each([
    [false, "sigmoid"],
    [true, "sigmoid"],
    [false, "linear"],
  ] as const)("is Cao et al.'s equations, decayed history %s, combination %s", (decayedHistory, combination) => {
    const cell = rits({ ...sizes, decayedHistory, combination });
    expectPlainLoop(cell, (w, { h = [], c = [] }, x, { mask: m = [], delta = [] }) => {
      const filled = (estimate: Row): Row => plus(by(m, x), by(minus(1, m), estimate));
      const decay = (y: Row): Row => relu(y).map((v) => Math.exp(-v));
      const gx = decay(plus(by(row(w("wx")), delta), row(w("bx"))));
      const gh = decay(plus(times(delta, w("Wh")), row(w("bh"))));
      const decayed = by(gh, h);
      const xh = plus(times(decayedHistory ? decayed : h, w("history.W")), row(w("history.b")));
      const xc = filled(xh);
      const Wz = w("features.W").map((values, i) => values.map((value, j) => (i === j ? 0 : value)));
      const z = plus(times(xc, Wz), row(w("features.b")));
      const share = plus(times([...gx, ...m], w("combine.W")), row(w("combine.b")));
      const a = combination === "sigmoid" ? s(share) : share;
      const imputed = filled(plus(by(a, z), by(minus(1, a), xh)));
      const gate = (k: number): Row =>
        plus(times([...imputed, ...m], w("W", k)), times(decayed, w("U", k)), row(w("b", k)));
      const nextC = plus(by(s(gate(1)), c), by(s(gate(0)), th(gate(2))));
      const nextH = by(s(gate(3)), th(nextC));
      return { state: { h: nextH, c: nextC }, output: [...nextH, ...imputed] };
    });
  });

  test("puts out what was observed as it is, and never reads what was not", () => {
    const layer = sequence(rits(sizes));
    const params = layer.init(key(1));
    const mask = tensor([1, 0, 0, 1, 1, 1], [1, 3, 2]);
    const x = tensor([1, NaN, NaN, 2, 3, 4], [1, 3, 2]);
    const extra = { mask, delta: tensor([0, 0, 1, 1, 1, 2], [1, 3, 2]) };
    const { output } = layer.apply(params, x, { extra });
    const imputed = [0, 1, 2].flatMap((t) => [...valuesOf(output)].slice(t * 5 + 3, t * 5 + 5));
    expect(imputed.every(Number.isFinite)).toBe(true);
    expect([imputed[0], imputed[3], imputed[4], imputed[5]]).toEqual([1, 2, 3, 4]);
    const loss = (p: typeof params): Tensor => {
      const { traces } = layer.apply(p, x, { extra, traces: true });
      const errors = ["history", "features", "combined"].map((name) => traces[name] ?? tensor([NaN], []));
      return errors.map((e) => sum(mul(mask, e))).reduce((total, e) => add(total, e));
    };
    const g = grad(loss)(params);
    for (const w of [g.history.W, g.features.W, g.combine.W, g.W, g.U, g.wx, g.Wh])
      expect([...valuesOf(w)].every(Number.isFinite) && [...valuesOf(w)].some((value) => value !== 0)).toBe(true);
    // W_z has no gradient on its diagonal, which is not used.
    expect([valuesOf(g.features.W)[0], valuesOf(g.features.W)[3]]).toEqual([0, 0]);
  });

  test("errors", () => {
    expect(() => rits({ ...sizes, combination: JSON.parse('"sigmod"') })).toThrow(
      "rits: unknown combination sigmod; did you mean sigmoid?",
    );
  });
});
