// minGru against its equations in plain loops, and the orders in which its scan takes sums.
import { key, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { minGru, sequence } from "../index.ts";

const [batch, time, input, hidden] = [2, 9, 3, 4];
const cell = minGru({ input, hidden });
const params = {
  W: normal(key(1), [input, 2 * hidden], { dtype: "f64" }),
  b: normal(key(2), [2 * hidden], { dtype: "f64" }),
};
const x = normal(key(3), [batch, time, input], { dtype: "f64" });
const start = normal(key(4), [batch, hidden], { dtype: "f64" });

/** The paper's equations (arXiv:2410.01201, section 3.1 and appendix B), one number after the other. */
function plain(g: (v: number) => number): number[] {
  const [W, b, xs, h0] = [params.W, params.b, x, start].map((t) => valuesOf(t)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const outputs: number[] = [];
  for (let row = 0; row < batch; row++) {
    const h = Array.from({ length: hidden }, (_, j) => h0[row * hidden + j]!);
    for (let t = 0; t < time; t++) {
      const sum = (column: number): number => {
        let total = b[column]!;
        for (let i = 0; i < input; i++) total += xs[(row * time + t) * input + i]! * W[i * 2 * hidden + column]!;
        return total;
      };
      for (let j = 0; j < hidden; j++) {
        const z = 1 / (1 + Math.exp(-sum(j)));
        h[j] = (1 - z) * h[j]! + z * g(sum(hidden + j));
      }
      outputs.push(...h);
    }
  }
  return outputs;
}

const positive = (v: number): number => (v >= 0 ? v + 0.5 : 1 / (1 + Math.exp(-v)));

test.each([
  ["sequential", "the paper's g", cell, positive],
  ["associative", "the paper's g", cell, positive],
  ["associative", "linear", minGru({ input, hidden, activation: "linear" }), (v: number) => v],
] as const)("%s, with %s, is the paper's equations", (scan, _, made, g) => {
  const layer = sequence(made, { scan });
  const { output } = layer.apply(params, x, { state: { h: start } });
  plain(g).forEach((y, i) => expect(valuesOf(output)[i]).toBeCloseTo(y, 12));
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
