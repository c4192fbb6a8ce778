import { l2, regularization } from "@sluice/params";
import {
  add,
  assertGradient,
  compile,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  sigmoid,
  square,
  sum,
  tensor,
  uniform,
  valuesOf,
  zerosLike,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { layerNorm } from "@sluice/norm";
import { describe, expect, test } from "vitest";
import {
  gru,
  gruD,
  hiddenDecay,
  lstm,
  outputOf,
  rnn,
  rnnDecay,
  sequence,
  variationalDropout,
  zoneout,
} from "../index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const root = key(5);
const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const x = normal(keyFor(root, "x"), [batch, time, input], { dtype: "f64" });
const elapsed = uniform(keyFor(root, "t"), [batch, time, 1], { low: 0.1, high: 2, dtype: "f64" });
const mask = tensor(
  Array.from(valuesOf(uniform(keyFor(root, "m"), [batch * time * input])), (u) => (u < 0.6 ? 1 : 0)),
  [batch, time, input],
  { dtype: "f64" },
);
const delta = sinceObserved();
const extra = { mask, delta };
const lengths = [5, 3, 1];

/** Parameters away from where they begin, so that every term counts. */
const shaken = <P extends { readonly [name: string]: Tensor }>(params: P): P =>
  mapTree(params, (w, path) => add(w, normal(keyFor(root, path), w.shape, { deviation: 0.3, dtype: w.dtype })));

describe("GRU-D", () => {
  const means = [0.7, -1.2];
  const layer = sequence(gruD({ input, hidden, means }));
  const params = shaken(layer.init(key(1), { dtype: "f64" }));

  test("is the paper's equations, written out in loops", () => {
    const p = mapTree(params, (w) => w) as { readonly [K in keyof typeof params]: ArrayTensor };
    const [xs, ms] = [numbers(x), numbers(mask)];
    const w = (name: keyof typeof p, row: number, column: number, width: number): number =>
      p[name].data[row * width + column]!;
    const { output, state } = layer.apply(params, x, { extra });
    for (let b = 0; b < batch; b++) {
      let h = new Array<number>(hidden).fill(0);
      const last = [...means];
      const since = new Array<number>(input).fill(0);
      for (let t = 0; t < time; t++) {
        const at = (b * time + t) * input;
        const seen: number[] = [];
        for (let d = 0; d < input; d++) {
          since[d] = t === 0 ? 0 : numbers(elapsed)[b * time + t]! + (ms[at - input + d] === 1 ? 0 : since[d]!);
          const gx = Math.exp(-Math.max(0, p.wx.data[d]! * since[d]! + p.bx.data[d]!));
          if (ms[at + d] === 1) last[d] = xs[at + d]!;
          seen.push(ms[at + d] === 1 ? xs[at + d]! : gx * last[d]! + (1 - gx) * means[d]!);
        }
        const decayed = h.map((value, j) => {
          let s = p.bh.data[j]!;
          for (let d = 0; d < input; d++) s += since[d]! * w("Wh", d, j, hidden);
          return value * Math.exp(-Math.max(0, s));
        });
        const gate = (g: number, j: number, inner: readonly number[]): number => {
          const column = g * hidden + j;
          let s = p.b.data[column]!;
          for (let d = 0; d < input; d++)
            s += seen[d]! * w("W", d, column, 3 * hidden) + ms[at + d]! * w("V", d, column, 3 * hidden);
          for (let i = 0; i < hidden; i++) s += inner[i]! * w("U", i, column, 3 * hidden);
          return s;
        };
        const sigma = (s: number): number => 1 / (1 + Math.exp(-s));
        const r = decayed.map((_, j) => sigma(gate(0, j, decayed)));
        const z = decayed.map((_, j) => sigma(gate(1, j, decayed)));
        const n = decayed.map((_, j) =>
          Math.tanh(
            gate(
              2,
              j,
              decayed.map((value, i) => r[i]! * value),
            ),
          ),
        );
        h = decayed.map((value, j) => z[j]! * value + (1 - z[j]!) * n[j]!);
        h.forEach((value, j) => expect(valuesOf(output)[(b * time + t) * hidden + j]).toBeCloseTo(value, 12));
      }
      last.forEach((value, d) => expect(valuesOf(state.last)[b * input + d]! + means[d]!).toBeCloseTo(value, 12));
    }
  });

  test("is the GRU with reset before, where all is observed and nothing decays", () => {
    const cell = gruD({ input, hidden });
    const own = { ...shaken(sequence(cell).init(key(1), { dtype: "f64" })) };
    const still = {
      ...own,
      V: zerosLike(own.V),
      wx: zerosLike(own.wx),
      bx: zerosLike(own.bx),
      Wh: zerosLike(own.Wh),
      bh: zerosLike(own.bh),
    };
    const all = { mask: mapTree(mask, (m) => add(mul(m, 0), 1)), delta };
    const plain = sequence(gru({ input, hidden, reset: "before" })).apply({ W: own.W, U: own.U, b: own.b }, x, {
      lengths,
    });
    const found = sequence(cell).apply(still, x, { extra: all, lengths });
    expect(numbers(found.output)).toEqual(numbers(plain.output));
    expect(numbers(found.state.h)).toEqual(numbers(plain.state.h));
    // Time alone makes a difference once it decays.
    expect(numbers(sequence(cell).apply({ ...still, Wh: own.Wh }, x, { extra: all, lengths }).output)).not.toEqual(
      numbers(plain.output),
    );
  });

  test("gradients of all parameters, the input, the times and the mask's weights", () => {
    const report = assertGradient(
      ({ params: p, x: y, delta: d, state }) => {
        const { output, state: final } = layer.apply(p, y, { extra: { mask, delta: d }, lengths, state });
        return { output, final };
      },
      {
        params,
        x,
        delta: add(delta, 0.3),
        state: {
          h: normal(key(3), [batch, hidden], { dtype: "f64" }),
          last: normal(key(4), [batch, input], { dtype: "f64" }),
        },
      },
      { samples: 20 },
    );
    expect(Object.keys(report.parameters)).toContain("params.wx");
  });

  test("begins where every decay gets a gradient", () => {
    const fresh = layer.init(key(8));
    expect([...numbers(fresh.wx), ...numbers(fresh.Wh)].every((w) => w > 0)).toBe(true);
    const gradients = grad((p: typeof fresh) =>
      sum(square(layer.apply(p, mapTree(x, f32), { extra: mapTree(extra, f32) }).output)),
    )(fresh);
    for (const { path, tensor: g } of leavesOf(gradients))
      expect(
        numbers(g).some((value) => value !== 0),
        path,
      ).toBe(true);
  });

  test("a value that was not observed, NaN included, reaches neither outputs nor gradients", () => {
    const holes = tensor(
      Float64Array.from(valuesOf(x), (value, i) => (valuesOf(mask)[i] === 1 ? value : NaN)),
      x.shape,
    );
    expect(numbers(layer.apply(params, holes, { extra }).output)).toEqual(
      numbers(layer.apply(params, x, { extra }).output),
    );
    const gradients = grad((p: typeof params, y: Tensor) => sum(square(layer.apply(p, y, { extra }).output)));
    leavesOf(gradients(params, holes)).forEach(({ path, tensor: g }, i) =>
      expect(numbers(g), path).toEqual(numbers(leavesOf(gradients(params, x))[i]!.tensor)),
    );
  });

  test("a bool mask is a mask too", () => {
    const bool = tensor(Int32Array.from(valuesOf(mask)), mask.shape, { dtype: "bool" });
    expect(numbers(layer.apply(params, x, { extra: { mask: bool, delta } }).output)).toEqual(
      numbers(layer.apply(params, x, { extra }).output),
    );
  });

  test("takes what every cell takes: normalization, dropout, zoneout, traces", () => {
    const cell = zoneout(
      gruD({ input, hidden, norm: layerNorm(), recurrentDropout: 0.2, kernelRegularizer: l2(0.1) }),
      { h: 0.1 },
    );
    const model = sequence(cell);
    const weights = model.init(key(1));
    const { output, traces } = model.apply(weights, mapTree(x, f32), {
      extra: mapTree(extra, f32),
      traces: true,
      training: true,
      key: key(2),
    });
    expect(output.shape).toEqual([batch, time, hidden]);
    expect(Object.keys(traces)).toEqual(["inputDecay", "hiddenDecay", "reset", "update", "candidate"]);
    expect(numbers(traces["hiddenDecay"]!).every((g) => g > 0 && g <= 1)).toBe(true);
    expect(valuesOf(regularization(model, weights))[0]).toBeGreaterThan(0);
  });

  test("errors", () => {
    expect(() => gruD({ input, hidden, means: [1] })).toThrow(
      "gruD: means must be 2 finite numbers, one per variable, got 1",
    );
    expect(() => layer.apply(params, x)).toThrow("gruD: extra mask must be [3,5,2] (batch, time, ...), got none");
    expect(() => layer.apply(params, x, { extra: { mask, delta: elapsed } })).toThrow(
      "gruD: extra delta must be [3,5,2] (batch, time, ...), got [3,5,1]",
    );
  });
});

describe("hidden decay", () => {
  const layer = sequence(rnnDecay({ input, hidden }));
  const params = layer.init(key(1), { dtype: "f64" });

  test("multiplies the state by exp(-W elapsed) before each step", () => {
    const cell = rnn({ input, hidden });
    const { decay: _, ...own } = params;
    const { output, traces } = layer.apply(params, x, { extra: { elapsed }, traces: true });
    let h: Tensor = mapTree(sequence(cell).initialState(batch, { dtype: "f64" }).h, (s) => s);
    for (let t = 0; t < time; t++) {
      const at = (y: ArrayTensor | Tensor, width: number): Float64Array =>
        Float64Array.from(
          { length: batch * width },
          (_, i) => valuesOf(y)[(Math.floor(i / width) * time + t) * width + (i % width)]!,
        );
      const factors = at(elapsed, 1);
      const W = valuesOf(params.decay.h.W);
      const decayed = Float64Array.from(
        valuesOf(h),
        (value, i) => value * Math.exp(-W[i % hidden]! * factors[Math.floor(i / hidden)]!),
      );
      h = outputOf(cell.step(own, { h: tensor(decayed, [batch, hidden]) }, tensor(at(x, input), [batch, input])));
      at(output, hidden).forEach((value, i) => expect(value).toBeCloseTo(valuesOf(h)[i]!, 12));
    }
    expect(numbers(traces["decay.h"]!).every((g) => g > 0 && g < 1)).toBe(true);
  });

  test("of no time is the cell itself, for any cell", () => {
    const cell = lstm({ input, hidden });
    const decaying = sequence(hiddenDecay(cell));
    const weights = decaying.init(key(2), { dtype: "f64" });
    const none = decaying.apply(weights, x, { extra: { elapsed: zerosLike(elapsed) }, lengths });
    const { decay: _, ...own } = weights;
    expect(numbers(none.output)).toEqual(numbers(sequence(cell).apply(own, x, { lengths }).output));
    expect(numbers(decaying.apply(weights, x, { extra: { elapsed }, lengths }).output)).not.toEqual(
      numbers(none.output),
    );
    expect(leavesOf(weights).map(({ path }) => path)).toEqual([
      "W",
      "U",
      "b",
      "decay.h.W",
      "decay.h.b",
      "decay.c.W",
      "decay.c.b",
    ]);
  });

  test("gradients, with modifiers around and inside", () => {
    const model = sequence(
      zoneout(hiddenDecay(variationalDropout(gru({ input, hidden: 3 }), { recurrent: 0.3 })), { h: 0.2 }),
    );
    const weights = model.init(key(3), { dtype: "f64" });
    assertGradient(
      ({ weights: p, x: y, elapsed: t }) =>
        model.apply(p, y, { extra: { elapsed: t }, lengths, training: true, key: key(9) }).output,
      { weights, x, elapsed },
      { samples: 10 },
    );
  });

  test("errors", () => {
    expect(() => layer.apply(params, x)).toThrow(
      "rnnDecay: extra elapsed must be [3,5,1] (batch, time, ...), got none",
    );
    expect(() => rnnDecay({ input, hidden }).step(params, layer.initialState(batch), x)).toThrow(
      "rnnDecay: the time between steps is missing; pass { extra: { elapsed } }",
    );
    expect(() => hiddenDecay(rnnDecay({ input, hidden }))).toThrow(
      "hiddenDecay: rnnDecay already has a parameter named decay; rename it",
    );
  });
});

test("both train on wasm as on the reference backend", async () => {
  const [decaying, withMask] = [
    sequence(rnnDecay({ input, hidden }), { outputs: "last" }),
    sequence(gruD({ input, hidden }), { outputs: "last" }),
  ];
  const params = { rnnDecay: decaying.init(key(1)), gruD: withMask.init(key(1)) };
  const given = {
    x: mapTree(x, f32),
    mask: mapTree(mask, f32),
    delta: mapTree(delta, f32),
    elapsed: mapTree(elapsed, f32),
  };
  const step = (p: typeof params, { x: y, ...times }: typeof given): typeof params =>
    grad((q: typeof params) => {
      const outputs = [
        decaying.apply(q.rnnDecay, y, { extra: times, lengths }).output,
        withMask.apply(q.gruD, y, { extra: times, lengths }).output,
      ];
      return outputs.map((output) => sum(sigmoid(output))).reduce((a, b) => add(a, b));
    })(p);
  const [expected, found] = await Promise.all([
    compile(step, [params, given]),
    compile(step, [params, given], { backend: wasm() }),
  ]);
  const [a, b] = [leavesOf(await expected(params, given)), leavesOf(await found(params, given))];
  a.forEach(({ path, tensor: g }, i) =>
    valuesOf(g).forEach((value, j) => expect(valuesOf(b[i]!.tensor)[j], path).toBeCloseTo(value, 5)),
  );
  await found.dispose();
});

function f32(y: Tensor): Tensor {
  return tensor(Float32Array.from(valuesOf(y)), y.shape);
}

/** Che et al. 2016, equation 2: the time since each variable was last observed, 0 at the first step. */
function sinceObserved(): ArrayTensor {
  const [seen, times] = [valuesOf(mask), valuesOf(elapsed)];
  const since = new Float64Array(batch * time * input);
  for (let b = 0; b < batch; b++)
    for (let t = 1; t < time; t++)
      for (let d = 0; d < input; d++) {
        const before = (b * time + t - 1) * input + d;
        since[before + input] = times[b * time + t]! + (seen[before] === 1 ? 0 : since[before]!);
      }
  return tensor(since, [batch, time, input], { dtype: "f64" });
}
