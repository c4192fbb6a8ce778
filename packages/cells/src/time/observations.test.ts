// Cells between whose observations something happens, against their equations written out as loops.
import { add, grad, key, mul, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
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
import { gru, gruFlow, gruOdeBayes, rits, sequence } from "../index.ts";

const sizes = { input: 2, hidden: 3 };
const [D, H] = [2, 3];
const relu = (s: number): number => Math.max(0, s);

/** A step of PyTorch's GRU. */
function gruStep({ times, vector }: Weights, x: readonly number[], h: readonly number[]): number[] {
  const a = plus(times(x, "gru.W"), vector("gru.b"));
  const u = plus(times(h, "gru.U"), vector("gru.bh"));
  const [r, z] = [0, 1].map((k) => each((p, q) => sigma(p + q), part(a, k, H), part(u, k, H)));
  const n = each((p, q, vr) => Math.tanh(p + vr * q), part(a, 2, H), part(u, 2, H), r ?? []);
  return each((vz, old, now) => vz * old + (1 - vz) * now, z ?? [], h, n);
}

describe("gruOdeBayes", () => {
  const options = { ...sizes, method: "midpoint", steps: 2, predictionUnits: 4, preparedUnits: 2 } as const;

  test("is De Brouwer et al.'s equations", () => {
    expectPlainSequence(gruOdeBayes(options), (weights, { x, extra }) => {
      const { times, vector } = weights;
      const field = (h: readonly number[]): number[] => {
        const a = plus(times(h, "ode.U"), vector("ode.b"));
        const r = part(a, 0, H).map(sigma);
        const reset = each((p, q) => p * q, r, h);
        const n = plus(part(times(reset, "ode.U"), 2, H), part(vector("ode.b"), 2, H)).map(Math.tanh);
        return each((s, vn, old) => (1 - sigma(s)) * (vn - old), part(a, 1, H), n, h);
      };
      let h = none(H);
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        const m = extra["mask"]?.[t] ?? [];
        for (let i = 0; i < 2; i++) {
          const half = each((a, k) => a + (dt / 4) * k, h, field(h));
          h = each((a, k) => a + (dt / 2) * k, h, field(half));
        }
        const units = plus(times(h, "prediction.0.W"), vector("prediction.0.b")).map(relu);
        const p = plus(times(units, "prediction.1.W"), vector("prediction.1.b"));
        const [Q, q] = [vector("Q"), vector("q")];
        const prepared = now.flatMap((value, d) => {
          const [mu, logVariance] = [p[d] ?? NaN, p[D + d] ?? NaN];
          const known = [value, mu, logVariance, (value - mu) / Math.exp(logVariance / 2)];
          return [0, 1].map((j) => {
            const s = known.reduce((total, v, k) => total + v * (Q[(d * 4 + k) * 2 + j] ?? NaN), q[d * 2 + j] ?? NaN);
            return (m[d] ?? NaN) * relu(s);
          });
        });
        if (m.some((seen) => seen === 1)) h = gruStep(weights, prepared, h);
        return h;
      });
      return { output, state: { "gru.h": h } };
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
    expectPlainSequence(gruFlow({ ...sizes, blocks: 2 }), (weights, { x, extra }) => {
      const { times, vector, buffer } = weights;
      /** A row times a matrix that is divided by |W u|. */
      const divided = (row: readonly number[], path: string): number[] => {
        const W = vector(path);
        const u = buffer(`weights.${path}.spectralNorm.u`);
        const length = Math.hypot(...u);
        const image = Array.from({ length: H + 1 }, (_, i) =>
          u.reduce((total, value, j) => total + ((W[i * H + j] ?? NaN) * value) / length, 0),
        );
        return times(row, path).map((value) => value / Math.hypot(...image));
      };
      let h = none(H);
      const output = x.map((now, t) => {
        const [dt = NaN] = extra["elapsed"]?.[t] ?? [];
        for (const block of ["flow.0", "flow.1"]) {
          const gate = (name: string, state: readonly number[]): number[] =>
            plus(divided([...state, dt], `${block}.W${name}`), vector(`${block}.b${name}`));
          const r = gate("r", h).map((s) => 0.8 * sigma(s));
          const z = gate("z", h).map((s) => 0.4 * sigma(s));
          const n = gate(
            "n",
            each((p, q) => p * q, r, h),
          ).map(Math.tanh);
          h = each((old, w, vz, vn) => old + Math.tanh(w * dt) * vz * (vn - old), h, vector(`${block}.w`), z, n);
        }
        h = gruStep(weights, now, h);
        return h;
      });
      return { output, state: { "gru.h": h } };
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
  test.each([false, true])("is Cao et al.'s equations, decayed history %s", (decayedHistory) => {
    expectPlainSequence(rits({ ...sizes, decayedHistory }), ({ times, vector }, { x, extra }) => {
      let [h, c] = [none(H), none(H)];
      const output = x.map((now, t) => {
        const [m, delta] = [extra["mask"]?.[t] ?? [], extra["delta"]?.[t] ?? []];
        const filled = (estimate: readonly number[]): number[] =>
          each((k, v, e) => k * v + (1 - k) * e, m, now, estimate);
        const gx = each((w, d, b) => Math.exp(-relu(w * d + b)), vector("wx"), delta, vector("bx"));
        const gh = plus(times(delta, "Wh"), vector("bh")).map((s) => Math.exp(-relu(s)));
        const decayed = each((p, q) => p * q, gh, h);
        const xh = plus(times(decayedHistory ? decayed : h, "history.W"), vector("history.b"));
        const xc = filled(xh);
        const Wz = vector("features.W");
        const zh = each((all, own, i) => all - own * (Wz[i * D + i] ?? NaN), times(xc, "features.W"), xc, [0, 1]);
        const z = plus(zh, vector("features.b"));
        const a = plus(times([...gx, ...m], "combine.W"), vector("combine.b")).map(sigma);
        const imputed = filled(each((va, vz, vx) => va * vz + (1 - va) * vx, a, z, xh));
        const s = plus(times([...imputed, ...m], "W"), times(decayed, "U"), vector("b"));
        c = each(
          (f, old, i, g) => sigma(f) * old + sigma(i) * Math.tanh(g),
          part(s, 1, H),
          c,
          part(s, 0, H),
          part(s, 2, H),
        );
        h = each((o, memory) => sigma(o) * Math.tanh(memory), part(s, 3, H), c);
        return [...h, ...imputed];
      });
      return { output, state: { h, c } };
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
});
