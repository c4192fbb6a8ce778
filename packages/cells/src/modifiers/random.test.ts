// Modifiers that draw in training, against plain loops with the numbers drawn, and initial values.
import { constant } from "@sluice/params";
import { bernoulli, key, keyAt, keyFor, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  candidateDropout,
  chronoInitialization,
  defineCell,
  gru,
  independentRecurrence,
  janet,
  lstm,
  minGru,
  originOf,
  rnn,
  sequence,
  stateNoise,
  stepDropout,
  type Cell,
} from "../index.ts";

const [batch, time, input, n] = [2, 5, 3, 4];
const run = key(7);
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const sigma = (a: number): number => 1 / (1 + Math.exp(-a));
const rowOf = (values: readonly number[], row: number, width: number): number[] =>
  values.slice(row * width, (row + 1) * width);

/** The key of a stream at a step. */
const keyOf = (stream: string, t: number): Tensor => keyAt(keyFor(run, stream), t);
/** A mask of a stream at a step, `[batch, width]`: 0, or 1 / (1 - rate). */
const maskAt = (stream: string, t: number, width: number, rate: number): number[] =>
  numbers(bernoulli(keyOf(stream, t), [batch, width], 1 - rate)).map((kept) => kept / (1 - rate));

/** A simple recurrent network in training, by plain loops; `masked` changes x and h, `after` the new state. */
function expectRnn(
  cell: Cell,
  masked: (v: number[], kind: "input" | "recurrent", row: number, t: number) => number[],
  after: (v: number, row: number, t: number, j: number) => number,
): void {
  const params = cell.init(key(2), { dtype: "f64" }) as Readonly<Record<string, Tensor>>;
  const { output } = sequence(cell).apply(params, x, { training: true, key: run });
  const [W, U, b] = [numbers(params["W"]!), numbers(params["U"]!), numbers(params["b"]!)];
  for (let row = 0; row < batch; row++) {
    let h = new Array<number>(n).fill(0);
    for (let t = 0; t < time; t++) {
      const now = masked(rowOf(rowOf(numbers(x), row, time * input), t, input), "input", row, t);
      const old = masked(h, "recurrent", row, t);
      h = h.map((_, j) => {
        const xW = now.reduce((total, v, i) => total + v * W[i * n + j]!, 0);
        const hU = old.reduce((total, v, i) => total + v * U[i * n + j]!, 0);
        return after(Math.tanh(xW + hU + b[j]!), row, t, j);
      });
      h.forEach((v, j) => expect(numbers(output)[(row * time + t) * n + j]).toBeCloseTo(v, 12));
    }
  }
}

test("stepDropout draws a mask of input and state at each step", () => {
  const rates = { input: 0.4, recurrent: 0.3 };
  const widths = { input, recurrent: n };
  const seen = new Set<string>();
  expectRnn(
    stepDropout(rnn({ input, hidden: n }), rates),
    (v, kind, row, t) => {
      const mask = rowOf(maskAt(`stepDropout.${kind}`, t, widths[kind], rates[kind]), row, widths[kind]);
      seen.add(mask.join());
      return v.map((value, i) => value * mask[i]!);
    },
    (v) => v,
  );
  expect(seen.size).toBeGreaterThan(4);
});

test("stateNoise adds normal numbers to the new state at each step", () => {
  const deviation = 0.2;
  expectRnn(
    stateNoise(rnn({ input, hidden: n }), { deviation }),
    (v) => v,
    (v, row, t, j) =>
      v + deviation * numbers(normal(keyOf("stateNoise.h", t), [batch, n], { dtype: "f64" }))[row * n + j]!,
  );
});

test.each(["step", "sequence"] as const)("candidateDropout drops what an LSTM writes, with a mask per %s", (draws) => {
  const rate = 0.5;
  const cell = candidateDropout(lstm({ input, hidden: n }), { rate, draws });
  const params = cell.init(key(2), { dtype: "f64" });
  const { output } = sequence(cell).apply(params, x, { training: true, key: run });
  const [W, U, b] = [numbers(params.W), numbers(params.U), numbers(params.b!)];
  const stream = "candidateDropout.candidate";
  const mask = (t: number): number[] =>
    draws === "step"
      ? maskAt(stream, t, n, rate)
      : numbers(bernoulli(keyFor(run, stream), [batch, n], 1 - rate)).map((kept) => kept / (1 - rate));
  expect(new Set([0, 1, 2, 3, 4].map((t) => mask(t).join())).size > 1).toBe(draws === "step");
  for (let row = 0; row < batch; row++) {
    let [h, c] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
    for (let t = 0; t < time; t++) {
      const now = rowOf(rowOf(numbers(x), row, time * input), t, input);
      const before = h;
      const a = (k: number, j: number): number =>
        now.reduce((total, v, i) => total + v * W[i * 4 * n + k * n + j]!, 0) +
        before.reduce((total, v, i) => total + v * U[i * 4 * n + k * n + j]!, 0) +
        b[k * n + j]!;
      const dropped = (j: number): number => mask(t)[row * n + j]! * Math.tanh(a(2, j));
      c = c.map((old, j) => sigma(a(1, j)) * old + sigma(a(0, j)) * dropped(j));
      h = c.map((value, j) => sigma(a(3, j)) * Math.tanh(value));
      h.forEach((v, j) => expect(numbers(output)[(row * time + t) * n + j]).toBeCloseTo(v, 12));
    }
  }
});

test("nested modifiers of one kind draw independently, and the order of kinds does not matter", () => {
  const cell = gru({ input, hidden: n });
  const params = cell.init(key(2), { dtype: "f64" });
  const output = (c: typeof cell): number[] =>
    numbers(sequence(c).apply(params, x, { training: true, key: run }).output);
  const drop = (c: typeof cell): typeof cell => candidateDropout(c, { rate: 0.3 });
  const noise = (c: typeof cell): typeof cell => stateNoise(c, { deviation: 0.1 });
  const step = (c: typeof cell): typeof cell => stepDropout(c, { input: 0.2, recurrent: 0.2 });
  const once = output(step(drop(noise(cell))));
  expect(output(noise(step(drop(cell))))).toEqual(once);
  expect(output(drop(noise(step(cell))))).toEqual(once);

  // Of 400 candidates, dropped twice with one half each, a quarter is left: within four standard deviations.
  const wide = 400;
  const ones = defineCell({
    name: "ones",
    params: () => ({}),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: (_, { h }, __, { trace }) => ({ state: { h: trace("kept", h) }, output: "h" }),
  });
  const twice = candidateDropout(candidateDropout(ones({ input, hidden: wide }), { rate: 0.5, trace: "kept" }), {
    rate: 0.5,
    trace: "kept",
  });
  const h = normal(key(5), [1, wide], { mean: 10, deviation: 0.1 });
  const kept = numbers(
    sequence(twice).apply({}, normal(key(1), [1, 1, input]), { state: { h }, training: true, key: run }).output,
  ).filter((v) => v !== 0).length;
  expect(Math.abs(kept / wide - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / wide));
});

test("evaluation draws nothing, and such a cell is exported as before", () => {
  const cell = lstm({ input, hidden: n });
  const params = cell.init(key(2));
  const plain = numbers(sequence(cell).apply(params, normal(key(1), [batch, time, input])).output);
  for (const modified of [
    stepDropout(cell, { input: 0.5, recurrent: 0.5 }),
    candidateDropout(cell, { rate: 0.5 }),
    stateNoise(cell, { deviation: 1 }),
  ]) {
    expect(numbers(sequence(modified).apply(params, normal(key(1), [batch, time, input])).output)).toEqual(plain);
    expect(originOf(modified)?.definition).toBe(lstm.definition);
  }
});

describe("initial values", () => {
  test("chronoInitialization draws forget biases from log U(1, maxTime - 1), and input biases opposite", () => {
    const [maxTime, wide] = [50, 500];
    const plain = lstm({ input, hidden: wide });
    const cell = chronoInitialization(plain, { maxTime, forget: 1, input: 0 });
    const [before, b] = [numbers(plain.init(key(3)).b!), numbers(cell.init(key(3), { dtype: "f64" }).b!)];
    const forget = rowOf(b, 1, wide);
    expect(rowOf(b, 0, wide)).toEqual(forget.map((bias) => -bias));
    expect(b.slice(2 * wide)).toEqual(before.slice(2 * wide));
    // exp(b_f) is uniform on [1, 49]: its mean within four standard deviations, and its range.
    const times = forget.map(Math.exp);
    const mean = times.reduce((total, value) => total + value, 0) / wide;
    expect(Math.abs(mean - 25)).toBeLessThan((4 * 48) / Math.sqrt(12 * wide));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...times)).toBeLessThanOrEqual(49);
    expect(cell.init(key(3)).W).toEqual(plain.init(key(3)).W);
    expect(originOf(cell)?.definition).toBe(lstm.definition);
  });

  test("chronoInitialization of gates that decide about both", () => {
    const b = numbers(chronoInitialization(gru({ input, hidden: n }), { maxTime: 20, forget: 1 }).init(key(3)).b!);
    expect(b.map((value) => value === 0)).toEqual([
      ...Array<boolean>(n).fill(true),
      ...Array<boolean>(n).fill(false),
      ...Array<boolean>(n).fill(true),
    ]);
    const f = numbers(chronoInitialization(janet({ input, hidden: n }), { maxTime: 20, forget: 0 }).init(key(3)).b);
    expect(f.slice(0, n).every((value) => value > 0 && value < Math.log(19))).toBe(true);
  });

  test("independentRecurrence begins uniform on [0, 1), or as chosen", () => {
    const u = (cell: Cell): number[] => numbers((cell.init(key(3)) as { U: { diagonal: Tensor } }).U.diagonal);
    const drawn = u(independentRecurrence(rnn({ input, hidden: 100 })));
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(90);
    const chosen = independentRecurrence(rnn({ input, hidden: 3 }), { initializer: constant(0.5) });
    expect(u(chosen)).toEqual([0.5, 0.5, 0.5]);
  });
});

test("what would change nothing, or cannot be, is an error", () => {
  const cell = gru({ input, hidden: n });
  const linear = minGru({ input, hidden: n });
  const counter = defineCell({
    name: "counter",
    params: () => ({}),
    state: () => ({ count: { shape: [1], dtype: "i32" } }),
    step: (_, { count }, now) => ({ state: { count }, output: now }),
  })({ input, hidden: n });
  expect(() => stepDropout(linear, { recurrent: 0.5 })).toThrow(
    "stepDropout: the step of minGru has no recurrent product to drop",
  );
  expect(() => stepDropout(cell, { input: 1 })).toThrow("stepDropout: the rate of input must lie in [0, 1), got 1");
  expect(() => candidateDropout(rnn({ input, hidden: n }), { rate: 0.5 })).toThrow(
    "candidateDropout of rnn: the step traces no candidate, so there is nothing to drop; it traces nothing",
  );
  expect(() => candidateDropout(cell, { rate: 1.5 })).toThrow("the rate of the candidate must lie in [0, 1), got 1.5");
  expect(() => candidateDropout(cell, { rate: 0.5, draws: "row" as never })).toThrow("unknown draws row");
  expect(() => stateNoise(counter, { deviation: 0.1 })).toThrow("stateNoise of counter: no state is a float");
  expect(() => stateNoise(cell, { deviation: -1 })).toThrow("the deviation of h must be finite and >= 0, got -1");
  expect(() => stateNoise(cell, { deviation: { c: 1 } as never })).toThrow("stateNoise of gru: unknown option c");
  expect(() => chronoInitialization(cell, { maxTime: 2, forget: 1 })).toThrow(
    "maxTime must be finite and above 2, got 2",
  );
  expect(() => chronoInitialization(cell, { maxTime: 9, forget: 3 })).toThrow(
    "forget is gate 3, but b [12] has 3 gates of 4, counted from 0",
  );
  expect(() => chronoInitialization(cell, { maxTime: 9, forget: 1, bias: "c" })).toThrow("there is no bias c");
  expect(() => sequence(stateNoise(linear, { deviation: 0.1 }), { scan: "associative" })).toThrow(
    "a modifier, such as zoneout or dropout, has replaced the step",
  );
});
