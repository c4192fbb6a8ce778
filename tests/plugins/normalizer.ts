// A normalizer with running statistics for each time step, tested by the kit and trained in a GRU.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gru, sequence } from "@sluice/cells";
import type { Normalizer } from "@sluice/norm";
import { normalizerSuite } from "@sluice/norm/testing";
import {
  add,
  convert,
  div,
  full,
  gather,
  greater,
  matmul,
  max,
  min,
  mul,
  normal,
  key,
  oneHot,
  reshape,
  select,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  tensorsOf,
  transpose,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { mse, sgd, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";

/** `condition` `[rows]` as a condition on the rows of `x` `[rows, ...]`. */
const alongRows = (condition: Tensor, x: Tensor): Tensor =>
  reshape(condition, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]);

/**
 * Batch normalization in the style of Cooijmans et al. 2016 (arXiv:1603.09025): each of the first `steps` time steps
 * has running statistics of its own, of the rows that have a step.
 */
function stepwiseBatchNorm(steps: number): Normalizer {
  return {
    name: "stepwiseBatchNorm",
    placement: { preactivation: "branches", cell: true },
    stepIndex: true,
    params: (shape) => ({ gain: { shape, initializer: (_, size) => full(size, 0.1, "f64") } }),
    buffers: (shape) => ({
      mean: { shape: [steps, ...shape], initial: 0 },
      variance: { shape: [steps, ...shape], initial: 1 },
    }),
    apply({ gain }, x, { training, buffers, active, stepIndex }) {
      const entry = min(stepIndex!, steps - 1);
      const scaled = (mean: Tensor, variance: Tensor): Tensor =>
        mul(div(sub(x, mean), sqrt(add(variance, 1e-5))), gain!);
      if (!training) return scaled(gather(buffers["mean"]!, entry), gather(buffers["variance"]!, entry));
      const rows = active() ?? full([x.shape[0]!], 1, "bool");
      const count = max(sum(convert(rows, x.dtype)), 1);
      const meanOf = (values: Tensor): Tensor => div(sum(select(alongRows(rows, values), values, 0), 0), count);
      const mean = meanOf(x);
      const variance = meanOf(square(sub(x, mean)));
      const at = oneHot(entry, steps, x.dtype);
      return {
        output: scaled(mean, variance),
        observed: { mean, variance, rows: sum(mul(at, convert(alongRows(rows, at), x.dtype)), 0) },
      };
    },
    update(buffers, { rows, ...observed }) {
      // rows [time, steps] counts who was at which entry. An entry moves a tenth of the way towards their mean.
      const total = sum(rows!, 0);
      const shares = transpose(div(rows!, max(total, 1)), [1, 0]);
      const moved = (old: Tensor, seen: Tensor): Tensor => {
        const batch = reshape(matmul(shares, reshape(seen, [rows!.shape[0]!, -1])), old.shape);
        return select(alongRows(greater(total, 0), old), add(mul(old, 0.9), mul(batch, 0.1)), old);
      };
      return Object.fromEntries(Object.entries(buffers).map(([name, old]) => [name, moved(old, observed[name]!)]));
    },
  };
}

const backend = wasm();
after(() => backend.close());

for (const { name, skip, run } of normalizerSuite(stepwiseBatchNorm(3), { backend })) test(name, { skip }, run);

test("statistics travel through training steps, checkpoints and evaluation", async () => {
  const layer = sequence(gru({ input: 2, hidden: 4, norm: stepwiseBatchNorm(3) }), { outputs: "last" });
  const x = normal(key(1), [6, 5, 2]);
  const y = full([6, 4], 0.5);
  const lengths = tensor([5, 3, 5, 1, 0, 2], [6], { dtype: "i32" });
  const newTrainer = () =>
    trainer({
      loss: (params, batch: { x: Tensor; lengths: Tensor }, { buffers }) => {
        const applied = layer.apply(params, batch.x, { lengths: batch.lengths, training: true, buffers });
        return { loss: mse(applied.output, y), buffers: applied.buffers };
      },
      optimizer: sgd({ learningRate: 0.1 }),
      params: layer.init(key(2)),
      buffers: layer.initialBuffers(),
      key: key(3),
      batch: { x, lengths },
      backend,
    });
  const training = await newTrainer();
  const first = await training.run({ x, lengths });
  for (let step = 0; step < 20; step++) await training.run({ x, lengths });
  const { loss } = await training.run({ x, lengths });
  assert.ok(loss < first.loss, `the loss went from ${first.loss} to ${loss}`);

  const resumed = await newTrainer();
  await resumed.restore(await training.save());
  const [params, buffers] = [await resumed.params(), await resumed.buffers()];
  const evaluated = layer.apply(params, x, { lengths, buffers });
  const before = layer.apply(params, x, { lengths, buffers: layer.initialBuffers() });
  assert.deepEqual(buffers, await training.buffers());
  assert.ok(tensorsOf(buffers).length > 0);
  assert.notDeepEqual(valuesOf(evaluated.output), valuesOf(before.output));
});
