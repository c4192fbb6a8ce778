import { rnn, sequence } from "@sluice/cells";
import { batchNorm } from "@sluice/norm";
import { key, normal, reference, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { gradientFlowOf } from "./index.ts";

test("the steps that batch normalization counts are no state with a gradient", async () => {
  const model = sequence(rnn({ input: 1, hidden: 2, norm: batchNorm({ steps: 4 }) }), { outputs: "last" });
  const names: string[] = [];
  const x = normal(key(1), [3, 4, 1]);
  const flow = gradientFlowOf({ series: (name) => void names.push(name) }, { model, x, y: x, loss: (h) => sum(h) });
  const weights = { params: model.init(key(2)), buffers: model.initialBuffers() };
  await flow.inspect(weights, "start of training", reference());
  expect(names).toEqual(["gradient-flow-1-h"]);
  const { horizon } = await flow.measure(weights, reference());
  expect(horizon).toBeGreaterThanOrEqual(0);
  expect(horizon).toBeLessThan(4);
});

test("the gradient of another loss than the cross-entropy is that of a plain loop", async () => {
  const [batch, time] = [3, 5];
  const model = sequence(rnn({ input: 1, hidden: 1 }), { outputs: "last" });
  const x = normal(key(1), [batch, time, 1]);
  const params = { W: tensor([0.7], [1, 1]), U: tensor([-1.3], [1, 1]), b: tensor([0.2]) };
  const lines: { readonly [when: string]: ArrayLike<number> }[] = [];
  const flow = gradientFlowOf(
    { series: (_, series) => void lines.push(series.lines) },
    { model, x, y: tensor(new Float32Array(batch), [batch, 1]), loss: (output: Tensor) => sum(output) },
  );
  await flow.inspect({ params, buffers: {} }, "start of training", reference());

  const inputs = valuesOf(x);
  const expected = new Float64Array(time);
  for (let row = 0; row < batch; row++) {
    const h = [0];
    for (let t = 0; t < time; t++) h.push(Math.tanh(0.7 * Number(inputs[row * time + t]) - 1.3 * (h[t] ?? NaN) + 0.2));
    let gradient = 1;
    for (let t = time - 1; t >= 0; t--) {
      expected[t] = (expected[t] ?? NaN) + Math.abs(gradient) / batch;
      gradient *= -1.3 * (1 - (h[t + 1] ?? NaN) ** 2);
    }
  }
  const found = Array.from(lines[0]?.["start of training"] ?? []);
  expect(found).toHaveLength(time);
  found.forEach((norm, t) => expect(norm).toBeCloseTo(expected[t] ?? NaN, 6));
});
