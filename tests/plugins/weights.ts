// Two reparametrizations, one with a buffer, and a constraint, trained in a cell that someone else wrote.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gru, reparametrize, sequence } from "@sluice/cells";
import {
  buffer,
  constrain,
  initialBuffers,
  parameter,
  weightBuffers,
  weightsOf,
  type Constraint,
  type Reparametrization,
} from "@sluice/params";
import {
  add,
  assertGradient,
  div,
  full,
  key,
  leavesOf,
  max,
  mean,
  min,
  mul,
  normal,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { mse, sgd, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";

type Parts = { readonly direction: Tensor; readonly gain: Tensor };

const centered = (W: Tensor): Tensor => sub(W, mean(W, 0, { keep: true }));
const lengths = (W: Tensor): Tensor => sqrt(add(sum(square(W), 0), 1e-12));

/** Centered weight normalization (Huang et al. 2017): `w = g (v - mean v) / |v - mean v|` for each unit. */
const centeredWeightNorm: Reparametrization<Parts> = {
  name: "centeredWeightNorm",
  params: ({ constraint: _, ...weight }) => ({ direction: weight, gain: parameter(weight.shape.slice(-1)) }),
  initial: (weight) => ({ direction: weight, gain: lengths(centered(weight)) }),
  weight({ direction, gain }) {
    const v = centered(direction);
    return mul(v, div(gain, lengths(v)));
  },
};

/** `W / s`, where s is a running mean of the root mean square of W: a buffer. */
const runningScale: Reparametrization<Tensor> = {
  name: "runningScale",
  params: ({ constraint: _, ...weight }) => weight,
  initial: (weight) => weight,
  buffers: () => ({ scale: buffer([], { initial: 1 }) }),
  weight(W, { training, buffers }) {
    const now = stopGradient(sqrt(mean(square(W))));
    const scale = training ? add(mul(buffers["scale"]!, 0.9), mul(now, 0.1)) : buffers["scale"]!;
    return { weight: div(W, scale), buffers: { scale } };
  },
};

/** Every element into [-limit, limit]. */
const box =
  (limit: number): Constraint =>
  (W) =>
    max(min(W, limit), -limit);

const layer = reparametrize(sequence(gru({ input: 3, hidden: 4, biasConstraint: box(0.01) }), { outputs: "last" }), {
  kernel: centeredWeightNorm,
  recurrent: runningScale,
});
const x = normal(key(1), [8, 6, 3]);
const y = full([8, 4], 0.3);
const backend = wasm();
after(() => backend.close());

test("the weights are what the equations say, with their gradient", () => {
  const params = layer.init(key(2), { dtype: "f64" });
  assert.deepEqual(
    leavesOf(params)
      .map(({ path }) => path)
      .slice(0, 3),
    ["W.direction", "W.gain", "U"],
  );
  const weights = weightsOf(layer, params, { buffers: initialBuffers(weightBuffers(layer.params), { dtype: "f64" }) });
  const W = leavesOf(weights).find(({ path }) => path === "W")!.tensor;
  for (const value of valuesOf(sum(W, 0))) assert.ok(Math.abs(value) < 1e-12);
  const input = normal(key(1), [2, 3, 3], { dtype: "f64" });
  const buffers = layer.initialBuffers({ dtype: "f64" });
  assertGradient((p) => layer.apply(p, input, { buffers }).output, params);
});

test("training moves the buffer and keeps the biases in their box", async () => {
  const training = await trainer({
    loss: (params, batch: { x: Tensor }, { buffers }) => {
      const applied = layer.apply(params, batch.x, { training: true, buffers });
      return { loss: mse(applied.output, y), buffers: applied.buffers };
    },
    constrain: (params) => constrain(layer, params),
    optimizer: sgd({ learningRate: 0.5 }),
    params: layer.init(key(2)),
    buffers: layer.initialBuffers(),
    key: key(3),
    batch: { x },
    backend,
  });
  const first = await training.run({ x });
  for (let step = 0; step < 15; step++) await training.run({ x });
  const { loss } = await training.run({ x });
  assert.ok(loss < first.loss, `the loss went from ${first.loss} to ${loss}`);

  const bias = leavesOf(await training.params()).find(({ path }) => path === "b")!.tensor;
  const largest = Math.max(...valuesOf(bias).map(Math.abs));
  assert.equal(largest, Math.fround(0.01));
  const [scale] = leavesOf(await training.buffers());
  assert.notEqual(valuesOf(scale!.tensor)[0], 1);
});
