// The regularizer of Pascanu et al. 2013 against a plain loop of its equations 9 and 10, for the network of the paper.
import { batchNorm } from "@sluice/norm";
import { grad, item, key, keyFor, mul, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { gradientPreservation, gru, lstm, rnn, sequence } from "../index.ts";

const [batch, time, input, hidden] = [2, 4, 2, 3];
const layer = sequence(rnn({ input, hidden }));
const params = layer.init(key(1), { dtype: "f64" });
const x = normal(key(2), [batch, time, input], { dtype: "f64" });
const weights = normal(key(3), [batch, time, hidden], { dtype: "f64" });

const loss = (output: Tensor): Tensor => sum(mul(output, weights));
const numbers = (y: Tensor): number[] => [...valuesOf(y)];

const biases = numbers(params.b!);

type Matrix = number[][];
const matrix = (y: Tensor): Matrix => {
  const [rows = 0, columns = 0] = y.shape;
  return Array.from({ length: rows }, (_, i) => numbers(y).slice(i * columns, (i + 1) * columns));
};
const slice = (y: Tensor, row: number, t: number): number[] => {
  const [, steps = 0, width = 0] = y.shape;
  return numbers(y).slice((row * steps + t) * width, (row * steps + t + 1) * width);
};
const times = (a: readonly number[], M: Matrix): number[] =>
  M[0]!.map((_, j) => a.reduce((total, value, i) => total + value * M[i]![j]!, 0));
const transposed = (M: Matrix): Matrix => M[0]!.map((_, j) => M.map((row) => row[j]!));

/** States, errors dE/dh_t, and the terms of Omega as a function of U, W and b with states and errors held. */
function plainLoop(lengths: readonly number[]) {
  const [W, U, b] = [matrix(params.W), matrix(params.U), biases];
  const rows = lengths.map((n, row) => {
    const states: number[][] = [new Array<number>(hidden).fill(0)];
    for (let t = 0; t < n; t++) {
      const a = times(slice(x, row, t), W).map((v, j) => v + times(states[t]!, U)[j]! + b[j]!);
      states.push(a.map((v) => Math.tanh(v)));
    }
    const errors: number[][] = [];
    let later = new Array<number>(hidden).fill(0);
    for (let t = n - 1; t >= 0; t--) {
      errors[t] = slice(weights, row, t).map((v, j) => v + later[j]!);
      later = times(
        errors[t]!.map((e, j) => e * (1 - states[t + 1]![j]! ** 2)),
        transposed(U),
      );
    }
    return { states, errors, n };
  });
  return (U2: Matrix, W2: Matrix = W): number =>
    rows.reduce((total, { states, errors, n }, row) => {
      for (let t = 0; t < n; t++) {
        const a = times(slice(x, row, t), W2).map((v, j) => v + times(states[t]!, U2)[j]! + b[j]!);
        const back = times(
          errors[t]!.map((e, j) => e * (1 - Math.tanh(a[j]!) ** 2)),
          transposed(U2),
        );
        total += (Math.hypot(...back) / Math.hypot(...errors[t]!) - 1) ** 2;
      }
      return total;
    }, 0) / batch;
}

describe.each([[[4, 4]], [[4, 2]]])("rows of %s steps", (lengths) => {
  const options = { loss, lengths };

  test("is the sum over steps, the mean over rows", () => {
    const expected = plainLoop(lengths)(matrix(params.U));
    expect(item(gradientPreservation(layer, params, x, options))).toBeCloseTo(expected, 10);
  });

  test("its gradient is the immediate one, with states and errors held", () => {
    const found = grad((p: typeof params) => gradientPreservation(layer, p, x, options))(params);
    const omega = plainLoop(lengths);
    const nudged = (M: Matrix, i: number, j: number, by: number): Matrix =>
      M.map((row, r) => row.map((value, c) => (r === i && c === j ? value + by : value)));
    const [U, W] = [matrix(params.U), matrix(params.W)];
    const h = 1e-6;
    for (let j = 0; j < hidden; j++) {
      for (let i = 0; i < hidden; i++)
        expect(matrix(found.U)[i]![j]).toBeCloseTo(
          (omega(nudged(U, i, j, h)) - omega(nudged(U, i, j, -h))) / (2 * h),
          7,
        );
      for (let i = 0; i < input; i++)
        expect(matrix(found.W)[i]![j]).toBeCloseTo(
          (omega(U, nudged(W, i, j, h)) - omega(U, nudged(W, i, j, -h))) / (2 * h),
          7,
        );
    }
  });
});

test("is 0 for a step that keeps the length of the error, and follows a stronger recurrence", () => {
  const linear = sequence(rnn({ input, hidden, activation: "relu" }));
  const by = (size: number) => ({
    W: mul(params.W, 0),
    U: tensor([size, 0, 0, 0, size, 0, 0, 0, size], [3, 3], { dtype: "f64" }),
    b: tensor([1, 1, 1], [3], { dtype: "f64" }),
  });
  const last = (output: Tensor): Tensor => sum(mul(output, output));
  expect(item(gradientPreservation(linear, by(1), x, { loss: last }))).toBeCloseTo(0, 12);
  expect(item(gradientPreservation(linear, by(0.5), x, { loss: last }))).toBeCloseTo(time * 0.25, 12);
});

test("takes all float states together, masks, extra states and the last output", () => {
  for (const cell of [lstm({ input, hidden }), gru({ input, hidden })]) {
    const all = sequence(cell, { outputs: "last" });
    const at = all.init(key(4), { dtype: "f64" });
    const mask = tensor([1, 0, 1, 1, 1, 1, 0, 1], [batch, time], { dtype: "bool" });
    const of = (given: Tensor): number =>
      item(gradientPreservation(all, at, given, { loss: (output) => sum(mul(output, output)), mask }));
    const dirty = tensor(
      Float64Array.from(numbers(x), (value, i) => (numbers(mask)[Math.floor(i / input)] === 1 ? value : NaN)),
      x.shape,
    );
    expect(of(dirty)).toBe(of(x));
    expect(of(x)).toBeGreaterThan(0);
  }
});

test("what does not fit is named", () => {
  expect(() => gradientPreservation(layer, params, x, {} as never)).toThrow("gradientPreservation of rnn: loss is");
  expect(() => gradientPreservation(sequence(rnn({ input, hidden }), { reverse: true }), params, x, { loss })).toThrow(
    "the layer runs backwards",
  );
  const normalized = sequence(rnn({ input, hidden, norm: batchNorm({ steps: 2 }) }));
  const drawn = normalized.init(keyFor(key(1), "norm"), { dtype: "f64" });
  expect(() => gradientPreservation(normalized, drawn, x, { loss })).toThrow("the layer has buffers");
});
