// minGru against its equations in plain numbers, and the orders in which its scan takes sums.
import { key, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { by, expectPlainLoop, minus, plus, row, s, times, type Row } from "../../../../fixtures/cells/plain-loop.ts";
import { minGru, sequence } from "../index.ts";

const [batch, time, input, hidden] = [2, 9, 3, 4];
const cell = minGru({ input, hidden });
const params = {
  W: normal(key(1), [input, 2 * hidden], { dtype: "f64" }),
  b: normal(key(2), [2 * hidden], { dtype: "f64" }),
};
const x = normal(key(3), [batch, time, input], { dtype: "f64" });

const positive = (v: number): number => (v >= 0 ? v + 0.5 : 1 / (1 + Math.exp(-v)));

test.each([
  ["sequential", "the paper's g", cell, positive],
  ["associative", "the paper's g", cell, positive],
  ["associative", "linear", minGru({ input, hidden, activation: "linear" }), (v: number) => v],
] as const)("%s, with %s, is the equations of arXiv:2410.01201, section 3.1 and appendix B", (scan, _, made, g) => {
  expectPlainLoop(
    made,
    (w, { h = [] }, x) => {
      const a = (gate: number): Row => plus(times(x, w("W", gate)), row(w("b", gate)));
      const z = s(a(0));
      const next = plus(by(minus(1, z), h), by(z, a(1).map(g)));
      return { state: { h: next }, output: next };
    },
    { scan, time: 9 },
  );
});

test("g is 1/2 from both sides of 0", () => {
  const zero = { W: normal(key(1), [input, 2 * hidden], { deviation: 0 }), b: tensor([9, 9, 9, 9, 0, -1e-7, 1e-7, 0]) };
  const traced = sequence(cell).apply(zero, normal(key(3), [1, 1, input]), { traces: ["candidate"] }).traces;
  valuesOf(traced["candidate"]!).forEach((y) => expect(y).toBeCloseTo(0.5, 6));
});

const single = (y: Tensor): Tensor => tensor(Float32Array.from(valuesOf(y)), y.shape);

test("what stands behind a step changes no bit of its state, nor does how many rows there are", () => {
  const layer = sequence(cell, { scan: "associative" });
  const weights = { W: single(params.W), b: single(params.b) };
  const whole = valuesOf(layer.apply(weights, single(x)).output);
  for (const steps of [1, 2, 5, 8]) {
    const first = tensor(
      Float32Array.from({ length: steps * input }, (_, i) => valuesOf(x)[i]!),
      [1, steps, input],
    );
    const { output } = layer.apply(weights, first);
    expect([...valuesOf(output)]).toEqual([...whole.slice(0, steps * hidden)]);
  }
});
