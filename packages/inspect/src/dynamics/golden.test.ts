// Dynamics of an RNN, a GRU and an LSTM as numpy computes them from their equations.
import { readFileSync } from "node:fs";
import { gru, lstm, rnn, type Cell, type State } from "@sluice/cells";
import { sliceAxis, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { describe, expect, test } from "vitest";
import {
  autocorrelation,
  fixedPoints,
  inputSensitivity,
  jacobianProducts,
  lyapunovSpectrum,
  singularValues,
  stateJacobians,
  stateParts,
  stateTrajectory,
} from "../index.ts";

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly name: "rnn" | "gru" | "lstm";
  readonly parameters: Readonly<Record<string, Values>>;
  readonly x: Values;
  readonly start: Values;
  readonly states: Values;
  readonly jacobians: Values;
  readonly singularValues: Values;
  readonly productOf3: Values;
  readonly warmUp: number;
  readonly exponents: Values;
  readonly sensitivity: Values;
  readonly fixedPoints: readonly {
    readonly index: number;
    readonly state: Values;
    readonly real: Values;
    readonly imaginary: Values;
  }[];
}
const read = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../../../../fixtures/dynamics/${file}.json`, import.meta.url), "utf8")) as T;
const { cases } = read<{ readonly cases: readonly Case[] }>("cells");

const doubles = ({ shape, data }: Values): Tensor => tensor(Float64Array.from(data), [...shape]);
const few = 6;

describe.each(cases)("$name", (given) => {
  const made: Record<Case["name"], Cell> = {
    rnn: rnn({ input: 2, hidden: 4 }),
    gru: gru({ input: 2, hidden: 4 }),
    lstm: lstm({ input: 2, hidden: 4 }),
  };
  const cell = made[given.name];
  const params: Tree = Object.fromEntries(Object.entries(given.parameters).map(([name, w]) => [name, doubles(w)]));
  const x = doubles(given.x);
  const parts = stateParts(cell);
  const state: State = Object.fromEntries(
    parts.map(({ path, from, to }) => [path, sliceAxis(doubles(given.start), 1, from, to)]),
  );
  const first = sliceAxis(x, 1, 0, few);

  test("states, Jacobians and their singular values", () => {
    expectNear("states", valuesOf(stateTrajectory(cell, params, first, { state })), given.states.data, 1e-13);
    const jacobians = stateJacobians(cell, params, first, { state });
    expect(jacobians.shape).toEqual(given.jacobians.shape);
    expectNear("jacobians", valuesOf(jacobians), given.jacobians.data, 1e-13);
    expectNear("singular values", valuesOf(singularValues(jacobians)), given.singularValues.data, 1e-13);
  });

  test("the Jacobian over three steps", () => {
    const products = jacobianProducts(stateJacobians(cell, params, first, { state }), 3);
    const n = parts.at(-1)!.to;
    const [before, last] = [sliceAxis(products, 1, 0, 2), sliceAxis(products, 1, few - 1, few)];
    expect(valuesOf(before).every(Number.isNaN)).toBe(true);
    expect(last.shape).toEqual([2, 1, n, n]);
    expectNear("products", valuesOf(last), given.productOf3.data, 1e-13);
  });

  test("Lyapunov exponents", async () => {
    const { exponents, steps } = await lyapunovSpectrum(cell, params, x, { state, warmUp: given.warmUp });
    expect([...valuesOf(steps)]).toEqual([60, 60]);
    expectNear("exponents", valuesOf(exponents), given.exponents.data, 1e-9);
  });

  test("the largest exponents alone, with a decomposition every three steps", async () => {
    const { exponents } = await lyapunovSpectrum(cell, params, x, {
      ...{ state, warmUp: given.warmUp, exponents: 2, every: 3 },
    });
    const n = parts.at(-1)!.to;
    const largest = [0, 1].flatMap((row) => given.exponents.data.slice(row * n, row * n + 2));
    expectNear("exponents", valuesOf(exponents), largest, 1e-9);
  });

  test("how much each input changes the last state", () => {
    const sensitivity = inputSensitivity(cell, params, first, { state });
    expectNear("sensitivity", valuesOf(sensitivity), given.sensitivity.data, 1e-13);
  });

  test("fixed points at zero input, all that scipy finds, with their linearization", async () => {
    const visited = stateTrajectory(cell, params, x, { state });
    const found = await fixedPoints(cell, params, visited, { candidates: 64, noise: 0.5, iterations: 300 });
    const states = found.fixed.map((point) => [...valuesOf(point.state)]);
    expect(states).toHaveLength(given.fixedPoints.length);
    for (const expected of given.fixedPoints) {
      const distances = states.map((own) => Math.hypot(...own.map((value, i) => value - expected.state.data[i]!)));
      const nearest = distances.indexOf(Math.min(...distances));
      expect(distances[nearest]).toBeLessThan(1e-10);
      const point = found.fixed[nearest]!;
      expect(point.index).toBe(expected.index);
      expectNear(
        "moduli",
        moduliOf(point.eigenvalues),
        moduliOf({ real: doubles(expected.real), imaginary: doubles(expected.imaginary) }),
        1e-9,
      );
    }
  });
});

const moduliOf = ({ real, imaginary }: { readonly real: Tensor; readonly imaginary: Tensor }): number[] =>
  [...valuesOf(real)].map((re, i) => Math.hypot(re, valuesOf(imaginary)[i]!)).toSorted((a, b) => b - a);

test("autocorrelation and its integrated time, by emcee", () => {
  const { x, correlation, times } = read<Readonly<Record<"x" | "correlation" | "times", Values>>>("autocorrelation");
  const [time, units] = x.shape as [number, number];
  const found = autocorrelation(tensor(Float64Array.from(x.data), [1, time, units]));
  expectNear("correlation", valuesOf(sliceAxis(found.correlation, 0, 0, 20)), correlation.data, 1e-12);
  expectNear("times", valuesOf(found.time), times.data, 1e-12);
});
