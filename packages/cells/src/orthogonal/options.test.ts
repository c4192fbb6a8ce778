// What the options of the family's cells do and refuse, and where they begin.
import { constrain, parameterCount } from "@sluice/params";
import { key, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  antisymmetricRnn,
  coRnn,
  echoState,
  expRnn,
  gatedAntisymmetricRnn,
  indRnn,
  lem,
  lipschitzRnn,
  scoRnn,
  sequence,
  shufflingRnn,
  unicornn,
} from "../index.ts";

const sizes = { input: 3, hidden: 4 };

test("indRnn keeps the recurrent weights within the bound", () => {
  const cell = indRnn({ ...sizes, bound: 0.5 });
  const params = { ...cell.init(key(1)), u: normal(key(2), [4], { deviation: 3 }) };
  expect(valuesOf(cell.init(key(1)).u).every((u) => u >= 0 && u < 0.5)).toBe(true);
  const bounded = valuesOf(constrain(cell, params).u);
  valuesOf(params.u).forEach((u, j) => expect(bounded[j]).toBe(Math.max(-0.5, Math.min(0.5, u))));
});

test("unicornn's input weights begin as those of its authors", () => {
  const W = valuesOf(unicornn({ input: 10, hidden: 50 }).init(key(1)).W);
  const limit = Math.sqrt(2 / (1 + 8 ** 2)) * Math.sqrt(3 / 10); // kaiming_uniform_(a=8) of PyTorch
  const largest = Math.max(...W.map(Math.abs));
  expect(largest).toBeLessThan(limit);
  expect(largest).toBeGreaterThan(0.95 * limit);
});

test("echoState has no parameters, and reservoirs of its sparsity and spectral radius, one for each seed", () => {
  const hidden = 40;
  const cell = echoState({ input: 3, hidden, spectralRadius: 0.8, sparsity: 0.75, inputScale: 0.5 });
  expect(parameterCount(cell)).toBe(0);
  const buffersOf = (of: typeof cell): { W: Tensor; U: Tensor; b: Tensor } =>
    sequence(of).initialBuffers({ dtype: "f64" }) as { W: Tensor; U: Tensor; b: Tensor };
  const { W, U, b } = buffersOf(cell);
  expect(Math.max(...valuesOf(W).map(Math.abs))).toBeLessThanOrEqual(0.5);
  expect([...valuesOf(b)].every((v) => v === 0)).toBe(true);
  const numbers = [...valuesOf(U)];
  expect(numbers.filter((v) => v === 0).length / numbers.length).toBeCloseTo(0.75, 1);
  // How a vector grows over many steps tells the spectral radius.
  let [h, growth] = [Array.from({ length: hidden }, (_, i) => i + 1), 0];
  const steps = 20000;
  for (let step = 0; step < steps; step++) {
    const next = h.map((_, j) => h.reduce((total, v, i) => total + v * numbers[i * hidden + j]!, 0));
    const length = Math.hypot(...next);
    growth += Math.log(length / Math.hypot(...h));
    h = next.map((v) => v / length);
  }
  expect(Math.exp(growth / steps)).toBeCloseTo(0.8, 3);
  expect([...valuesOf(buffersOf(echoState({ input: 3, hidden, seed: 1 })).U)]).not.toEqual(numbers);
});

test.each([
  ["indRnn: bound must be a finite number above 0, got 0", () => indRnn({ ...sizes, bound: 0 })],
  ["antisymmetricRnn: epsilon must be a finite number above 0", () => antisymmetricRnn({ ...sizes, epsilon: -1 })],
  ["gatedAntisymmetricRnn: gamma must be a finite", () => gatedAntisymmetricRnn({ ...sizes, gamma: -1 })],
  ["coRnn: dt must be a finite number above 0, got NaN", () => coRnn({ ...sizes, dt: NaN })],
  ["coRnn: unknown damping none", () => coRnn({ ...sizes, damping: "none" as "explicit" })],
  ["lem: dt must be a finite number above 0, got 0", () => lem({ ...sizes, dt: 0 })],
  ["unicornn: alpha must be a finite number of at least 0, got -1", () => unicornn({ ...sizes, alpha: -1 })],
  ["lipschitzRnn: beta must lie in [0, 1], got 1.5", () => lipschitzRnn({ ...sizes, beta: 1.5 })],
  ["scoRnn: negative must be an integer from 0 to 4, got 5", () => scoRnn({ ...sizes, negative: 5 })],
  ["expected a square matrix of at least 2 rows, got [1,1]", () => expRnn({ input: 3, hidden: 1 })],
  ["shufflingRnn: widths must be integers of at least 1, got 3, 0", () => shufflingRnn({ ...sizes, widths: [3, 0] })],
  ["echoState: leak must be at most 1, got 2", () => echoState({ ...sizes, leak: 2 })],
  ["echoState: sparsity must be below 1, got 1", () => echoState({ ...sizes, sparsity: 1 })],
  ["echoState: seed must be an integer, got 0.5", () => echoState({ ...sizes, seed: 0.5 })],
  [
    "all eigenvalues of the reservoir of seed 0 are 0",
    () => sequence(echoState({ ...sizes, sparsity: 0.99 })).initialBuffers(),
  ],
  [
    "variationalDropout: the step of indRnn has no recurrent product to drop",
    () => indRnn({ ...sizes, recurrentDropout: 0.5 }),
  ],
])("%s", (message, make) => {
  expect(make).toThrow(message);
});
