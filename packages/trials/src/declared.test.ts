// Constraints and penalties that a layer declares, in fit: against gradient descent in plain loops.
import { dense } from "@sluice/cells";
import { initialize, kernel, l2, maxNorm, nonNegative } from "@sluice/params";
import { key, matmul, mul, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { mse, sgd } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { fit, type Model } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

const [rows, input, output, learningRate, steps] = [6, 3, 2, 0.3, 8];
const train = { x: normal(key(1), [rows, input]), y: mul(normal(key(2), [rows, output]), 3) };
const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const layer = dense({ input, output, bias: false });

/** `y = x W`, trained by `W <- project(W - learningRate (dL/dW + factor 2 W))`; the mean square is over all numbers. */
function inLoops(start: Tensor, project: (W: number[]) => number[], factor = 0): number[] {
  const [x, y] = [numbers(train.x), numbers(train.y)];
  let W = numbers(start);
  for (let step = 0; step < steps; step++) {
    const gradient = W.map((w) => 2 * factor * w);
    for (let row = 0; row < rows; row++)
      for (let j = 0; j < output; j++) {
        let error = -y[row * output + j]!;
        for (let i = 0; i < input; i++) error += x[row * input + i]! * W[i * output + j]!;
        for (let i = 0; i < input; i++)
          gradient[i * output + j]! += (2 * error * x[row * input + i]!) / (rows * output);
      }
    W = project(W.map((w, i) => w - learningRate * gradient[i]!));
  }
  return W;
}

/** Columns, the weights of an output, of a norm of at most 1. */
const withinOne = (W: number[]): number[] => {
  const norms = [0, 1].map((j) => Math.hypot(...W.filter((_, i) => i % output === j)));
  return W.map((w, i) => w * Math.min(1, 1 / norms[i % output]!));
};
const options = { loss: mse, optimizer: sgd({ learningRate }), steps, size: rows, seed: 3, backend } as const;
const close = (found: Tensor, expected: number[]): void =>
  numbers(found).forEach((w, i) => expect(w).toBeCloseTo(expected[i]!, 5));

describe("what a layer declares is applied at each update", () => {
  test("a constraint", async () => {
    const constrained = dense({ input, output, bias: false, kernelConstraint: maxNorm(1) });
    const params = layer.init(key(5));
    const [free, held] = [inLoops(params.W, (W) => W), inLoops(params.W, withinOne)];
    expect(free).not.toEqual(held);
    close((await fit(layer, { train }, { ...options, params })).params.W, free);
    close((await fit(constrained, { train }, { ...options, params })).params.W, held);
  });

  test("a penalty", async () => {
    const penalized = dense({ input, output, bias: false, kernelRegularizer: l2(0.1) });
    const params = layer.init(key(5));
    close(
      (await fit(penalized, { train }, { ...options, params })).params.W,
      inLoops(params.W, (W) => W, 0.1),
    );
  });

  test("also those of a model of one's own, if it has specs", async () => {
    const specs = { params: { W: kernel([input, output], { constraint: nonNegative() }) } };
    const own: Model<{ readonly W: Tensor }, typeof train> = {
      ...specs,
      init: (from) => initialize(specs.params, from),
      apply: ({ W }, { x }) => ({ output: matmul(x, W) }),
    };
    const start = layer.init(key(5));
    const positive = (W: number[]): number[] => W.map((w) => Math.max(0, w));
    close((await fit(own, { train }, { ...options, params: start })).params.W, inLoops(start.W, positive));
  });

  test("unless another projection is given", async () => {
    const constrained = dense({ input, output, bias: false, kernelConstraint: maxNorm(1) });
    const params = layer.init(key(5));
    const trained = await fit(constrained, { train }, { ...options, params, constrain: (weights) => weights });
    close(
      trained.params.W,
      inLoops(params.W, (W) => W),
    );
  });
});
