// The same model over rows with lengths, which skips padding, and over all steps with padding masked.
import { dense, gru, gruD, sequence, sequential, type Layer } from "@sluice/cells";
import { weightsHash } from "@sluice/formats";
import { timeSinceObserved } from "@sluice/irregular";
import {
  abs,
  greater,
  iota,
  key,
  less,
  normal,
  reshape,
  tensor,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { accuracy, adam, auroc, batches, crossEntropy } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { fit, type Model } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

const [steps, variables] = [14, 3];

type Rows = { x: Tensor; mask: Tensor; delta: Tensor; lengths: Tensor; y: Tensor };

/** Series of 1 to 14 steps; the class is 1 if their first value is above 0. */
function series(count: number, seed: number): Rows {
  const drawn = (name: number, width: number) => normal(key(100 * seed + name), [count, steps, width]);
  const x = drawn(1, variables);
  const mask = greater(drawn(2, variables), -0.3);
  const first = valuesOf(x).filter((_, at) => at % (steps * variables) === 0);
  return {
    x,
    mask,
    delta: timeSinceObserved(mask, abs(drawn(3, 1))),
    lengths: tensor(Int32Array.from({ length: count }, (_, row) => 1 + ((row * 5 + seed) % steps))),
    y: tensor(Int32Array.from(first, (value) => Number(value > 0))),
  };
}
const data = { train: series(75, 1), validation: series(40, 2), test: series(40, 3) };

/** A model that computes every step, and takes those that are not padding. */
const padded = (layer: Layer): Model<Tree, Rows> => ({
  init: (from) => layer.init(from),
  apply(params, { x, mask, delta, lengths }) {
    const real = less(iota([1, steps]), reshape(lengths, [-1, 1]));
    return layer.apply(params, x, { mask: real, ...("delta" in layer.extra && { extra: { mask, delta } }) });
  },
});

const ragged = (layer: Layer): Model<Tree, Rows> => ({
  init: (from) => layer.init(from),
  apply: (params, { x, mask, delta, lengths }) =>
    layer.apply(params, x, { lengths, ...("delta" in layer.extra && { extra: { mask, delta } }) }),
});

const readout = dense({ input: 6, output: 2 });
const layers: Record<string, Layer> = {
  gru: sequential([sequence(gru({ input: variables, hidden: 6 }), { outputs: "last" }), readout]),
  gruD: sequential([sequence(gruD({ input: variables, hidden: 6 }), { outputs: "last" }), readout]),
};

test.each(Object.keys(layers))("%s: a padded and a ragged run give the same bits", async (name) => {
  const run = (model: Model<Tree, Rows>) =>
    fit(model, data, {
      loss: crossEntropy,
      metrics: { accuracy, auroc: auroc() },
      optimizer: adam({ learningRate: 0.02 }),
      size: 16,
      batches: (rows: Rows, options) => batches(rows, { ...options, longestFirst: true }),
      epochs: 3,
      keep: "best",
      seed: 5,
      backend,
    });
  const [all, real] = [await run(padded(layers[name]!)), await run(ragged(layers[name]!))];
  expect(real.history).toEqual(all.history);
  expect(real.test).toEqual(all.test);
  expect(await weightsHash(real.params)).toBe(await weightsHash(all.params));
  // They have learned something, so it is no agreement of nothing.
  expect(real.history.at(-1)?.validation?.loss).toBeLessThan(real.history[0]?.validation?.loss ?? 0);
});
