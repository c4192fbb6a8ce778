import { lstm, rnn, sequence } from "@sluice/cells";
import { grad, key, normal, reshape, sliceAxis, sum, take, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import {
  autocorrelation,
  effectiveHorizon,
  inputSensitivity,
  jacobianProducts,
  memoryCurve,
  stateJacobians,
  stateParts,
  stateTrajectory,
} from "../index.ts";

/** A linear cell that halves its state at every step. */
const halving = rnn({ input: 1, hidden: 2, biases: 0, activation: "linear" });
const half = {
  W: tensor([3, 4], [1, 2], { dtype: "f64" }),
  U: tensor([0.5, 0, 0, 0.5], [2, 2], { dtype: "f64" }),
};
const series = tensor(Float64Array.of(1, 2, 3, 4, 5, NaN, NaN, 8, NaN, NaN, NaN, NaN), [3, 4, 1]);

test("an input fades as the state does: with lengths and a mask, and NaN where nothing is looked at", () => {
  const mask = tensor([1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 4], { dtype: "bool" });
  const options = { lengths: [4, 1, 0], mask };
  const sensitivity = inputSensitivity(halving, half, series, options);
  expect([...valuesOf(sensitivity)]).toEqual([1.25, NaN, 2.5, 5, 5, NaN, NaN, NaN, NaN, NaN, NaN, NaN]);
  const { mean, rows } = memoryCurve(sensitivity);
  expect([...valuesOf(mean)]).toEqual([5, 2.5, 1.25]);
  expect([...valuesOf(rows)]).toEqual([2, 1, 1]);
  expect([...valuesOf(effectiveHorizon(sensitivity, { fraction: 0.3 }))]).toEqual([1, 0, NaN]);
  // s_t = s_{t-1} / 2 + [3, 4] x_t
  const states = stateTrajectory(halving, half, series, options);
  expect([...valuesOf(states)]).toEqual([
    ...[3, 4, NaN, NaN, 1.5 + 9, 2 + 12, 5.25 + 12, 7 + 16],
    ...[15, 20, ...new Array<number>(6).fill(NaN)],
    ...new Array<number>(8).fill(NaN),
  ]);
  const jacobians = valuesOf(stateJacobians(halving, half, series, options));
  expect([...jacobians.subarray(0, 8)]).toEqual([0.5, 0, 0, 0.5, NaN, NaN, NaN, NaN]);
  const products = valuesOf(jacobianProducts(stateJacobians(halving, half, series, options), 2));
  expect([...products.subarray(0, 12)].map(Number.isNaN)).toEqual([
    ...[true, true, true, true, true, true, true, true],
    ...[false, false, false, false],
  ]);
  expect([...products.subarray(8, 12)]).toEqual([0.25, 0, 0, 0.25]);
});

test("it is the gradient of every state by every input", () => {
  const cell = lstm({ input: 2, hidden: 2 });
  const params = sequence(cell).init(key(1), { dtype: "f64" });
  const x = normal(key(2), [1, 5, 2], { dtype: "f64" });
  const squares = new Float64Array(5);
  for (let i = 0; i < stateParts(cell).at(-1)!.to; i++) {
    const last = (y: Tensor): Tensor =>
      sum(take(reshape(sliceAxis(stateTrajectory(cell, params, y), 1, 4, 5), [4]), i));
    valuesOf(grad(last)(x)).forEach((value, j) => (squares[Math.floor(j / 2)]! += value * value));
  }
  expectNear("sensitivity", valuesOf(inputSensitivity(cell, params, x)), squares.map(Math.sqrt), 1e-14);
});

test("in f32, an effect below the smallest square is not 0", () => {
  const tiny = { W: tensor([1, 0], [1, 2]), U: tensor([1e-10, 0, 0, 1e-10], [2, 2]) };
  const x = tensor([1, 2, 3, 4], [1, 4, 1]);
  const [first, second, third, last] = valuesOf(inputSensitivity(halving, tiny, x));
  [first, second, third, last].forEach((value, i) => expect(value! / 10 ** (-10 * (3 - i))).toBeCloseTo(1, 5));
});

test("an autocorrelation over rows, gaps and lengths, by plain loops", () => {
  const rows = [
    [1, 3, NaN, 2, 5, 4],
    [2, 2, 7, 1, NaN, NaN],
  ];
  const x = tensor(Float64Array.from(rows.flat()), [2, 6, 1]);
  const found = autocorrelation(x, { lags: 2, lengths: [6, 3] });
  const runs = [
    [1, 3],
    [2, 5, 4],
    [2, 2, 7],
  ];
  const mean = runs.flat().reduce((a, b) => a + b, 0) / 8;
  const products = [0, 1, 2].map((lag) =>
    runs.reduce(
      (total, run) =>
        total + run.reduce((a, value, t) => (t < lag ? a : a + (value - mean) * (run[t - lag]! - mean)), 0),
      0,
    ),
  );
  expectNear(
    "correlation",
    valuesOf(found.correlation),
    products.map((value) => value / products[0]!),
    1e-14,
  );
  expect(found.correlation.shape).toEqual([3, 1]);
  expect(found.time.shape).toEqual([1]);
});

test("what does not vary, or has no steps, has no autocorrelation", () => {
  const constant = autocorrelation(tensor([1, 5, 1, 7, 1, 6], [1, 3, 2]));
  expect([...valuesOf(constant.time)].map(Number.isNaN)).toEqual([true, false]);
  const empty = autocorrelation(tensor([1, 2, 3], [1, 3, 1]), { lengths: [0] });
  expect([...valuesOf(empty.time), ...valuesOf(empty.correlation)].every(Number.isNaN)).toBe(true);
});

test.each<[string, () => unknown, string]>([
  [
    "token ids",
    () => inputSensitivity(halving, half, tensor([1, 2], [1, 2, 1], { dtype: "i32" })),
    "inputSensitivity: x is i32 [1,2,1], and only a float input has a derivative; embed token ids before the cell",
  ],
  ["a state", () => memoryCurve(series), "memoryCurve: expected the sensitivity [batch, time], got f64 [3,4,1]"],
  ["k", () => jacobianProducts(tensor([1], [1, 1, 1, 1]), 0), "jacobianProducts: k must be an integer >= 1, got 0"],
  [
    "one Jacobian",
    () => jacobianProducts(tensor([1], [1, 1]), 1),
    "jacobianProducts: expected Jacobians [batch, time, n, n], got [1,1]",
  ],
  ["lags", () => autocorrelation(series, { lags: -1 }), "autocorrelation: lags must be an integer >= 0, got -1"],
  [
    "window",
    () => autocorrelation(series, { window: 0 }),
    "autocorrelation: window must be a finite number above 0, got 0",
  ],
  [
    "unknown option",
    () => stateTrajectory(halving, half, series, { steps: 1 } as object),
    "stateTrajectory: unknown option steps",
  ],
  [
    "no float state",
    () =>
      stateParts({
        ...halving,
        state: { count: { shape: [], dtype: "i32" } },
      }),
    "rnn: it has no float state, so there is no state vector",
  ],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
