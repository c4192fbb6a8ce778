// Dropout with a mask for each gate, against plain loops over the equations with the masks drawn.
import { optimize } from "@sluice/compiler";
import {
  add,
  bernoulli,
  grad,
  key,
  keyFor,
  matmul,
  mul,
  normal,
  print,
  sigmoid,
  split,
  sum,
  tanh,
  recordProgram,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { defineCell, gru, lstm, sequence, variationalDropout } from "../index.ts";
import { kernel, recurrentKernel } from "@sluice/params";

const [batch, time, input, hidden] = [2, 4, 3, 5];
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const run = key(2);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const sigma = (a: number): number => 1 / (1 + Math.exp(-a));

/** The mask of a stream: 0, or 1 / (1 - rate). */
const maskOf = (stream: string, width: number, rate: number): number[] =>
  numbers(bernoulli(keyFor(run, `variationalDropout.${stream}`), [batch, width], 1 - rate)).map((m) => m / (1 - rate));

/** Column `column` of `(m x) W` for row b, of `rows` features. */
function product(
  v: readonly number[],
  m: readonly number[],
  W: readonly number[],
  column: number,
  columns: number,
): number {
  return v.reduce((total, value, i) => total + m[i]! * value * W[i * columns + column]!, 0);
}

const rates = { input: 0.4, recurrent: 0.3 };

describe("masks: perGate, as Keras's recurrent_dropout", () => {
  test("an LSTM draws four masks of the input and four of the state, each for the whole sequence", () => {
    const layer = sequence(variationalDropout(lstm({ input, hidden }), { ...rates, masks: "perGate" }));
    const params = layer.init(key(3), { dtype: "f64" });
    const { output } = layer.apply(params, x, { training: true, key: run });
    const [W, U, b] = [numbers(params.W), numbers(params.U), numbers(params.b!)];
    const gatesOf = (kind: "input" | "recurrent", width: number): number[][] =>
      [0, 1, 2, 3].map((gate) => maskOf(`${kind}.gates.${gate}`, width, rates[kind]));
    const [mx, mh] = [gatesOf("input", input), gatesOf("recurrent", hidden)];
    expect(new Set([...mx, ...mh].map((mask) => mask.join())).size).toBe(8);
    for (let row = 0; row < batch; row++) {
      let [h, c] = [new Array<number>(hidden).fill(0), new Array<number>(hidden).fill(0)];
      for (let t = 0; t < time; t++) {
        const now = numbers(x).slice((row * time + t) * input, (row * time + t + 1) * input);
        const before = h;
        const gate = (g: number, j: number): number =>
          product(now, mx[g]!.slice(row * input), W, g * hidden + j, 4 * hidden) +
          product(before, mh[g]!.slice(row * hidden), U, g * hidden + j, 4 * hidden) +
          b[g * hidden + j]!;
        c = c.map((old, j) => sigma(gate(1, j)) * old + sigma(gate(0, j)) * Math.tanh(gate(2, j)));
        h = c.map((value, j) => sigma(gate(3, j)) * Math.tanh(value));
        h.forEach((value, j) => expect(numbers(output)[(row * time + t) * hidden + j]).toBeCloseTo(value, 12));
      }
    }
  });

  test("a GRU with reset before masks the reset state too, its own mask for the candidate", () => {
    const layer = sequence(gru({ input, hidden, reset: "before", recurrentDropout: 0.3, dropoutMasks: "perGate" }));
    const params = layer.init(key(4), { dtype: "f64" });
    const { output } = layer.apply(params, x, { training: true, key: run });
    const [W, U] = [numbers(params.W), numbers(params.U)];
    const masks = ["gates.0", "gates.1", "candidate.0"].map((name) => maskOf(`recurrent.${name}`, hidden, 0.3));
    const all = new Array<number>(input).fill(1);
    for (let row = 0; row < batch; row++) {
      let h = new Array<number>(hidden).fill(0);
      for (let t = 0; t < time; t++) {
        const now = numbers(x).slice((row * time + t) * input, (row * time + t + 1) * input);
        const before = h;
        const gate = (g: number, j: number, v: readonly number[]): number =>
          product(now, all, W, g * hidden + j, 3 * hidden) +
          product(v, masks[g]!.slice(row * hidden), U, g * hidden + j, 3 * hidden);
        const r = before.map((value, j) => sigma(gate(0, j, before)) * value);
        h = before.map((old, j) => {
          const z = sigma(gate(1, j, before));
          return z * old + (1 - z) * Math.tanh(gate(2, j, r));
        });
        h.forEach((value, j) => expect(numbers(output)[(row * time + t) * hidden + j]).toBeCloseTo(value, 12));
      }
    }
  });
});

test("products of different sources do not share a mask, and of different widths cannot", () => {
  const two = (source?: string) =>
    defineCell({
      name: "two",
      params: ({ input: n, hidden: m }) => ({
        W: kernel([n, m]),
        U: recurrentKernel([m, m]),
        V: recurrentKernel([2, m]),
      }),
      state: ({ hidden: m }) => ({ h: [m], s: [2] }),
      step({ U, V, W }, { h, s }, given, { norm, input: multiply, recurrent }) {
        const terms = [
          multiply("x", given, W),
          recurrent("h", h, U),
          recurrent("s", s, V, source === undefined ? {} : { source }),
        ];
        return { state: { h: norm("gates", terms), s }, output: "h" };
      },
    })({ input, hidden });
  expect(() => variationalDropout(two(), { recurrent: 0.5 })).toThrow(
    "variationalDropout: the recurrent products h and s of two are of 5 and 2 features, so they cannot share a mask; give each { source } in the step",
  );
  expect(() => variationalDropout(two("s"), { recurrent: 0.5 })).not.toThrow();
  expect(() => variationalDropout(two(), { recurrent: 0.5, masks: "perGate" })).not.toThrow();
  expect(() => gru({ input, hidden, recurrentDropout: 0.5, ...Object({ dropoutMasks: "each" }) })).toThrow(
    "variationalDropout: unknown masks each",
  );
});

test("an unmodified product is matmul: the optimized training program is the same, node for node", () => {
  const made = (hooked: boolean) =>
    defineCell({
      name: "janet",
      params: ({ input: n, hidden: m }) => ({
        W: kernel([n, 2 * m]),
        U: recurrentKernel([m, 2 * m]),
        Un: recurrentKernel([m, m]),
      }),
      state: ({ hidden: m }) => ({ h: [m] }),
      step({ W, U, Un }, { h }, given, { input: multiply, recurrent }) {
        const product = hooked ? multiply("gates", given, W) : matmul(given, W);
        const gates = hooked ? recurrent("gates", h, U) : matmul(h, U);
        const extra = hooked ? recurrent("candidate", h, Un) : matmul(h, Un);
        const [s, a] = split(add(product, gates), 2);
        return { state: { h: add(mul(sigmoid(s), h), tanh(add(a, extra))) }, output: "h" };
      },
    })({ input, hidden });
  const program = (hooked: boolean): string => {
    const layer = sequence(made(hooked));
    const params = layer.init(key(1));
    const loss = (p: typeof params, y: Tensor): Tensor => sum(layer.apply(p, y).output);
    const { program: recorded } = recordProgram(grad(loss), [params, normal(key(2), [batch, time, input])]);
    return print(optimize(recorded));
  };
  expect(program(true)).toBe(program(false));
});
