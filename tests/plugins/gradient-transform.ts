// A clipper and an optimizer in one chain, in either order, and a clipper of single examples.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chain, type ClipReport, type GradientTransform, type NoState, treeNorm } from "@sluice/clip";
import { gradientTransformSuite } from "@sluice/clip/testing";
import {
  add,
  bernoulli,
  convert,
  div,
  full,
  greater,
  key,
  keyFor,
  mapTree,
  matmul,
  mul,
  normal,
  select,
  sqrt,
  tensor,
  valuesOf,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { descend, mse, perExample, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";

/** Clips the norm of all gradients to `limit / sqrt(1 + step)`: a limit that sinks. */
function sinkingNorm(limit: number): GradientTransform<NoState, ClipReport> {
  return {
    name: "sinkingNorm",
    init: () => ({}),
    update(gradients, state, _params, { step }) {
      const norm = treeNorm(gradients);
      const now = div(limit, sqrt(add(convert(step, norm.dtype), 1)));
      const factor = select(greater(norm, now), div(now, norm), 1);
      return {
        gradients: mapTree(gradients, (g) => mul(g, convert(factor, g.dtype))),
        state,
        report: { norm, limit: now, clipped: convert(greater(norm, now), norm.dtype) },
      };
    },
  };
}

/** Momentum that forgets each element at random, from the run's key. */
function forgetfulMomentum(decay: number): GradientTransform<{ readonly velocity: Tree }> {
  return {
    name: "forgetfulMomentum",
    init: (params) => ({ velocity: mapTree(params, zerosLike) }),
    update(gradients, { velocity }, _params, context) {
      const kept = mapTree(velocity, (v, path) =>
        select(bernoulli(keyFor(context.key, path), v.shape, 0.9), mul(v, decay), 0),
      );
      const next = zipTrees(gradients, kept, add);
      return { gradients: next, state: { velocity: next } };
    },
  };
}

const backend = wasm();
after(() => backend.close());

for (const transform of [sinkingNorm(1), forgetfulMomentum(0.9)])
  for (const { name, skip, run } of gradientTransformSuite(transform, { backend }))
    test(`${transform.name}: ${name}`, { skip: skip !== undefined }, run);

const loss = ({ W }: { W: Tensor }, { x, y }: { x: Tensor; y: Tensor }) => ({ loss: mse(matmul(x, W), y) });
const batch = { x: normal(key(1), [8, 3]), y: full([8, 1], 1) };
const options = { loss, params: { W: tensor([0, 0, 0], [3, 1]) }, key: key(2), batch, backend };

test("both train in either order, and the order matters", async () => {
  const [clipper, optimizer] = [sinkingNorm(0.2), forgetfulMomentum(0.9)];
  const weights: (readonly number[])[] = [];
  for (const order of [chain(clipper, optimizer, descend(0.1)), chain(optimizer, clipper, descend(0.1))]) {
    const training = await trainer({ ...options, optimizer: order });
    const first = await training.run(batch);
    for (let step = 0; step < 10; step++) await training.run(batch);
    const last = await training.run(batch);
    assert.ok(last.loss < first.loss);
    assert.ok(Math.abs(last.transforms["sinkingNorm.limit"]! - 0.2 / Math.sqrt(12)) < 1e-6);
    weights.push([...valuesOf((await training.params()).W)]);
  }
  assert.notDeepEqual(weights[0], weights[1]);
});

test("clips the gradient of each example, as a loop over batches of one does", async () => {
  const clipper = sinkingNorm(0.2);
  const training = await trainer({ ...options, gradients: perExample(clipper), optimizer: descend(1) });
  const { examples } = await training.run(batch);
  assert.ok(examples["clipped"]! > 0);

  // The gradient of (x W - 1)^2 at W = 0 is -2 x.
  const expected = [0, 0, 0];
  for (let row = 0; row < 8; row++) {
    const x = [...valuesOf(batch.x)].slice(3 * row, 3 * row + 3);
    const norm = 2 * Math.hypot(...x);
    x.forEach((value, i) => (expected[i]! += (2 * value * Math.min(1, 0.2 / norm)) / 8));
  }
  valuesOf((await training.params()).W).forEach((w, i) => assert.ok(Math.abs(w - expected[i]!) < 1e-6));
});
