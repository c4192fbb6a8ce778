// Cells of the family against their papers' equations in plain loops, and what they refuse.
import { key, keyFor, mapTree, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { constrain, weightsOf } from "@sluice/params";
import { describe, expect, test } from "vitest";
import {
  antisymmetricRnn,
  coRnn,
  expRnn,
  gatedAntisymmetricRnn,
  indRnn,
  lem,
  lipschitzRnn,
  scoRnn,
  sequence,
  unicornn,
  type Cell,
} from "../index.ts";

const [batch, time, input, hidden] = [2, 5, 3, 4];
const sizes = { input, hidden };
const units = Array.from({ length: hidden }, (_, j) => j);
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

type Numbers = Readonly<Record<string, number[]>>;

/** One step of one row, on numbers. `times(name, x)[j]` is the sum over i of x_i M_ij. */
type PlainStep = (
  times: (name: string, x: readonly number[], columns?: number) => number[],
  params: Numbers,
  state: Numbers,
  x: readonly number[],
) => Numbers;

/** Holds a cell to a loop over numbers: every step's output, and the states after the last step. */
function expectLoop(cell: Cell, output: string, step: PlainStep): void {
  const layer = sequence(cell);
  const params = mapTree(layer.init(key(1), { dtype: "f64" }), (w, path) =>
    normal(keyFor(key(2), path), w.shape, { dtype: "f64" }),
  );
  const state = mapTree(layer.initialState(batch, { dtype: "f64" }), (s, path) =>
    normal(keyFor(key(3), path), s.shape, { dtype: "f64" }),
  );
  const x = normal(key(4), [batch, time, input], { dtype: "f64" });
  const applied = layer.apply(params, x, { state });

  const weights = numbersOf(weightsOf(cell, params));
  const times = (name: string, values: readonly number[], columns = hidden): number[] =>
    Array.from({ length: columns }, (_, j) =>
      values.reduce((sum, value, i) => sum + value * weights[name]![i * columns + j]!, 0),
    );
  for (let row = 0; row < batch; row++) {
    let now: Numbers = Object.fromEntries(
      Object.entries(numbersOf(state)).map(([name, s]) => [name, s.slice(row * hidden, (row + 1) * hidden)]),
    );
    for (let t = 0; t < time; t++) {
      const from = (row * time + t) * input;
      now = step(times, weights, now, [...valuesOf(x)].slice(from, from + input));
      const put = [...valuesOf(applied.output)].slice((row * time + t) * hidden, (row * time + t + 1) * hidden);
      now[output]!.forEach((y, j) => expect(put[j]).toBeCloseTo(y, 11));
    }
    for (const [name, s] of Object.entries(numbersOf(applied.state)))
      now[name]!.forEach((y, j) => expect(s[row * hidden + j]).toBeCloseTo(y, 11));
  }
}

const numbersOf = (tree: object): Record<string, number[]> =>
  Object.fromEntries(Object.entries(tree).map(([name, value]: [string, Tensor]) => [name, [...valuesOf(value)]]));

describe("in plain loops", () => {
  test.each(["explicit", "implicit"] as const)("coRnn with %s damping: arXiv:2010.00951, equation 3", (damping) => {
    const [dt, gamma, epsilon] = [0.3, 1.2, 0.7];
    expectLoop(coRnn({ ...sizes, dt, gamma, epsilon, damping }), "y", (times, { b }, { y, z }, x) => {
      const [xW, yU, zV] = [times("W", x), times("U", y!), times("V", z!)];
      const driven = units.map((j) => Math.tanh(xW[j]! + yU[j]! + zV[j]! + b![j]!) - gamma * y![j]!);
      const next =
        damping === "explicit"
          ? units.map((j) => z![j]! + dt * (driven[j]! - epsilon * z![j]!))
          : units.map((j) => (z![j]! + dt * driven[j]!) / (1 + dt * epsilon));
      if (damping === "implicit")
        units.forEach((j) => expect(next[j]).toBeCloseTo(z![j]! + dt * (driven[j]! - epsilon * next[j]!), 12));
      return { y: units.map((j) => y![j]! + dt * next[j]!), z: next };
    });
  });

  test("lem: arXiv:2110.04744, equation 3", () => {
    const dt = 0.6;
    expectLoop(lem({ ...sizes, dt }), "y", (times, { b }, { y, z }, x) => {
      const [xW, yU] = [times("W", x, 4 * hidden), times("U", y!, 3 * hidden)];
      const at = (block: number, j: number): number => block * hidden + j;
      const recurrent = (block: number, j: number): number => xW[at(block, j)]! + yU[at(block, j)]! + b![at(block, j)]!;
      const next = units.map((j) => {
        const step = dt * sigmoid(recurrent(0, j));
        return (1 - step) * z![j]! + step * Math.tanh(recurrent(2, j));
      });
      const zV = times("V", next);
      const nextY = units.map((j) => {
        const step = dt * sigmoid(recurrent(1, j));
        return (1 - step) * y![j]! + step * Math.tanh(xW[at(3, j)]! + zV[j]! + b![at(3, j)]!);
      });
      return { y: nextY, z: next };
    });
  });

  test("lipschitzRnn: arXiv:2006.12070, equations 3, 6 and 7", () => {
    const [beta, gamma, epsilon] = [0.7, 0.2, 0.3];
    expectLoop(lipschitzRnn({ ...sizes, beta, gamma, epsilon }), "h", (times, { M, N, b }, { h }, x) => {
      const mixed = (weights: readonly number[], i: number, j: number): number => {
        const [there, back] = [weights[i * hidden + j]!, weights[j * hidden + i]!];
        return (1 - beta) * (there + back) + beta * (there - back) - (i === j ? gamma : 0);
      };
      const along = (weights: readonly number[], j: number): number =>
        units.reduce((sum, i) => sum + h![i]! * mixed(weights, i, j), 0);
      const xW = times("W", x);
      return {
        h: units.map((j) => h![j]! + epsilon * (along(M!, j) + Math.tanh(xW[j]! + along(N!, j) + b![j]!))),
      };
    });
  });
});

// The orthogonal matrices themselves are tested with their reparametrizations.
describe.each([
  ["scoRnn: arXiv:1707.09520, equation 9", scoRnn(sizes)],
  ["expRnn: arXiv:1901.08428, section 4", expRnn(sizes)],
] as const)("%s", (_, cell) => {
  test("is modReLU of the sum, in plain loops", () => {
    expectLoop(cell, "h", (times, { b }, { h }, x) => {
      const [xW, hU] = [times("W", x), times("U", h!)];
      return {
        h: units.map((j) => {
          const z = xW[j]! + hU[j]!;
          return Math.sign(z) * Math.max(0, Math.abs(z) + b![j]!);
        }),
      };
    });
  });

  test("begins with turns of planes, with the -1 of D in the last rows", () => {
    const start = cell.init(key(1), { dtype: "f64" });
    const U = [...valuesOf(weightsOf(cell, start).U as Tensor)];
    const sign = cell.name === "scoRnn" ? -1 : 1;
    const expected = new Array<number>(16).fill(0);
    for (const [plane, D] of [1, sign].entries()) {
      const at = plane * 10;
      const t = Math.atan2(D * U[at + 1]!, D * U[at]!);
      if (cell.name === "scoRnn") expect(t >= 0 && t < Math.PI / 2).toBe(true);
      [expected[at], expected[at + 1]] = [D * Math.cos(t), D * Math.sin(t)];
      [expected[at + 4], expected[at + 5]] = [-D * Math.sin(t), D * Math.cos(t)];
    }
    expected.forEach((v, k) => expect(U[k]).toBeCloseTo(v, 13));
  });
});

test("indRnn keeps the recurrent weights within the bound", () => {
  const cell = indRnn({ ...sizes, bound: 0.5 });
  const params = { ...cell.init(key(1)), u: normal(key(2), [hidden], { deviation: 3 }) };
  expect(valuesOf(cell.init(key(1)).u).every((u) => u >= 0 && u < 0.5)).toBe(true);
  const bounded = valuesOf(constrain(cell, params).u);
  valuesOf(params.u).forEach((u, j) => expect(bounded[j]).toBe(Math.max(-0.5, Math.min(0.5, u))));
});

test.each([
  ["indRnn: bound must be a finite number above 0, got 0", () => indRnn({ ...sizes, bound: 0 })],
  [
    "antisymmetricRnn: epsilon must be a finite number above 0, got -1",
    () => antisymmetricRnn({ ...sizes, epsilon: -1 }),
  ],
  [
    "gatedAntisymmetricRnn: gamma must be a finite number of at least 0, got -1",
    () => gatedAntisymmetricRnn({ ...sizes, gamma: -1 }),
  ],
  ["coRnn: dt must be a finite number above 0, got NaN", () => coRnn({ ...sizes, dt: NaN })],
  ["coRnn: unknown damping none", () => coRnn({ ...sizes, damping: "none" as "explicit" })],
  ["lem: dt must be a finite number above 0, got 0", () => lem({ ...sizes, dt: 0 })],
  ["unicornn: alpha must be a finite number of at least 0, got -1", () => unicornn({ ...sizes, alpha: -1 })],
  ["lipschitzRnn: beta must lie in [0, 1], got 1.5", () => lipschitzRnn({ ...sizes, beta: 1.5 })],
  [
    "variationalDropout: indRnn does not mark its recurrent products",
    () => indRnn({ ...sizes, recurrentDropout: 0.5 }),
  ],
])("%s", (message, make) => {
  expect(make).toThrow(message);
});
