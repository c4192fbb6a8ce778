import { add, grad, key, matmul, mul, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { recurrentKernel } from "@sluice/params";
import { describe, expect, test } from "vitest";
import { clipStateGradient, defineCell, gru, lstm, originOf, sequence, zoneout } from "../index.ts";

const [batch, time, hidden] = [2, 6, 3];
const numbers = (x: Tensor): number[] => [...valuesOf(x)];

/** h_t = h_{t-1} U + x_t: dL/dU is the sum of h_{t-1}^T g_t, with g_{t-1} = clip(k_{t-1} + g_t U^T). */
const linear = defineCell({
  name: "linear",
  params: () => ({ U: recurrentKernel([hidden, hidden]) }),
  state: () => ({ h: [hidden] }),
  step: ({ U }, { h }, x) => ({ state: { h: add(matmul(h, U), x) }, output: "h" }),
});

const x = normal(key(1), [batch, time, hidden], { dtype: "f64" });
const k = normal(key(2), [batch, time, hidden], { dtype: "f64" });
const U = tensor([1.3, 0.4, -0.2, 0.1, 1.1, 0.5, -0.6, 0.2, 1.2], [hidden, hidden], { dtype: "f64" });

describe.each(["value", "norm"] as const)("by %s", (by) => {
  test("is a plain backward loop that clips dL/dh_t at every step", () => {
    const max = 0.9;
    const layer = sequence(clipStateGradient(linear({ input: hidden, hidden }), { max, by }));
    const { U: gradient } = grad((params: { readonly U: Tensor }) => sum(mul(layer.apply(params, x).output, k)))({
      U,
    });

    const [X, K, M] = [numbers(x), numbers(k), numbers(U)];
    const at = (values: number[], row: number, t: number): number[] =>
      values.slice((row * time + t) * hidden, (row * time + t + 1) * hidden);
    const clip = (g: number[]): number[] => {
      if (by === "value") return g.map((v) => Math.max(-max, Math.min(max, v)));
      const norm = Math.sqrt(g.reduce((total, v) => total + v * v, 0));
      return norm > max ? g.map((v) => (v * max) / norm) : g;
    };
    const expected = new Array<number>(hidden * hidden).fill(0);
    let clipped = 0;
    for (let row = 0; row < batch; row++) {
      const h: number[][] = [new Array<number>(hidden).fill(0)];
      for (let t = 0; t < time; t++)
        h.push(at(X, row, t).map((v, j) => h[t]!.reduce((total, u, i) => total + u * M[i * hidden + j]!, v)));
      let back = new Array<number>(hidden).fill(0);
      for (let t = time - 1; t >= 0; t--) {
        const whole = at(K, row, t).map((v, j) => v + back[j]!);
        const g = clip(whole);
        if (g.some((v, j) => v !== whole[j])) clipped++;
        for (let i = 0; i < hidden; i++)
          for (let j = 0; j < hidden; j++) expected[i * hidden + j]! += h[t]![i]! * g[j]!;
        back = h[t]!.map((_, i) => g.reduce((total, v, j) => total + v * M[i * hidden + j]!, 0));
      }
    }
    expect(clipped).toBeGreaterThan(batch);
    numbers(gradient).forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 12));
  });
});

test("keeps values, traces and what the cell is exported as, and composes", () => {
  const cell = lstm({ input: 3, hidden: 4 });
  const clipped = clipStateGradient(cell, { max: 0.01 });
  const params = sequence(cell).init(key(3));
  const given = normal(key(4), [2, 5, 3]);
  expect(numbers(sequence(clipped).apply(params, given).output)).toEqual(
    numbers(sequence(cell).apply(params, given).output),
  );
  expect(originOf(clipped)?.definition).toBe(lstm.definition);
  const both = sequence(clipStateGradient(zoneout(gru({ input: 3, hidden: 4 }), { h: 0.2 }), { max: 1, by: "norm" }));
  const loss = (p: ReturnType<typeof both.init>): Tensor =>
    sum(both.apply(p, given, { training: true, key: key(5) }).output);
  expect(numbers(grad(loss)(both.init(key(6))).W).every(Number.isFinite)).toBe(true);
});

test("names options that do not fit", () => {
  const cell = gru({ input: 3, hidden: 4 });
  expect(() => clipStateGradient(cell, { maximum: 1 } as never)).toThrow("clipStateGradient of gru: unknown option");
  expect(() => sequence(clipStateGradient(cell, { max: -1 })).apply(sequence(cell).init(key(1)), x)).toThrow(
    "max is -1",
  );
});
