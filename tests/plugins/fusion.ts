// Two fusions: attention in time from one sequence to another, and a gated sum of vectors.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { defineFusion } from "@sluice/fusion";
import { fusionSuite } from "@sluice/fusion/testing";
import { kernel, parameter } from "@sluice/params";
import {
  abs,
  and,
  broadcastTo,
  div,
  exp,
  full,
  greater,
  key,
  matmul,
  mul,
  neg,
  normal,
  reshape,
  select,
  sigmoid,
  sub,
  sum,
  tensor,
  add,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/**
 * At each step of `events` the values of `signal`, weighted by how near they are in time:
 *
 *     w_ij = exp(-decay |t_i - s_j|) / sum_j,   y_i = sum_j w_ij (signal_j W)
 */
const nearby = defineFusion({
  name: "nearby",
  inputs: { events: { kind: "sequence", width: 2 }, signal: { kind: "sequence", width: 3 } },
  features: 2,
  params: { W: kernel([3, 2]), decay: parameter([], { initializer: (_, shape) => full(shape, 0.5, "f64") }) },
  outputShape: ({ batch, time }) => [batch, time!.events!, 2],
  fuse({ W, decay }, { events, signal }, { trace }) {
    const [batch, queries] = events.x.shape as [number, number];
    const keys = signal.x.shape[1]!;
    const distance = abs(sub(reshape(events.times!, [batch, queries, 1]), reshape(signal.times!, [batch, 1, keys])));
    const scores = exp(neg(mul(distance, abs(decay))));
    const flags = [
      ...(events.present ? [broadcastTo(reshape(events.present, [batch, -1, 1]), scores.shape)] : []),
      ...(signal.present ? [broadcastTo(reshape(signal.present, [batch, 1, -1]), scores.shape)] : []),
    ];
    const counted = flags.length === 0 ? scores : select(flags.reduce(and), scores, 0);
    const total = sum(counted, 2, { keep: true });
    const weights = trace("weights", div(counted, select(greater(total, 0), total, 1)));
    const seen = matmul(weights, matmul(signal.x, W));
    const own = events.present ? select(reshape(events.present, [batch, -1, 1]), events.x, 0) : events.x;
    return {
      output: add(seen, own),
      ...(events.lengths && { lengths: events.lengths }),
      ...(events.times && { times: events.times }),
    };
  },
});

/** `sum_m sigmoid(g_m) x_m W_m` over the modalities that are present. */
const gatedSum = defineFusion({
  name: "gatedSum",
  inputs: { audio: 2, pose: 3 },
  features: 2,
  params: { audio: { W: kernel([2, 2]), g: parameter([2]) }, pose: { W: kernel([3, 2]), g: parameter([2]) } },
  fuse(params, { audio, pose }) {
    const term = ({ W, g }: { W: Tensor; g: Tensor }, x: Tensor): Tensor => mul(sigmoid(g), matmul(x, W));
    return { output: add(term(params.audio, audio.x), term(params.pose, pose.x)) };
  },
});

const backend = wasm();
after(() => backend.close());

for (const { name, skip, run } of fusionSuite(nearby, { backend })) test(`nearby: ${name}`, { skip }, run);
for (const { name, skip, run } of fusionSuite(gatedSum, { backend })) test(`gatedSum: ${name}`, { skip }, run);

test("what is far away in time, missing or beyond a length counts for nothing", () => {
  const params = { W: tensor([1, 0, 0, 1, 0, 0], [3, 2]), decay: tensor([100], []) };
  const { output, traces } = nearby.apply(
    params,
    {
      events: { x: full([1, 2, 2], 0), times: tensor([0, 10], [1, 2]) },
      signal: {
        x: normal(key(1), [1, 4, 3]),
        times: tensor([0, 10, 20, 10], [1, 4]),
        lengths: [3],
        present: tensor([1], [1], { dtype: "bool" }),
      },
    },
    { traces: true },
  );
  assert.deepEqual(output.shape, [1, 2, 2]);
  assert.deepEqual([...valuesOf(traces["weights"]!)], [1, 0, 0, 0, 0, 1, 0, 0]);
});
