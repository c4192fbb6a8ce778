// A cell of many parts: an MLP and a GRU inside it, a learned initial state, an integer state, the step index, bool
// extras, and token ids as input.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { defineCell, dense, embedding, gru, sequence, sequential } from "@sluice/cells";
import { cellSuite } from "@sluice/cells/testing";
import { bias, kernel, ones, parameter, recurrentKernel } from "@sluice/params";
import {
  add,
  concat,
  convert,
  full,
  key,
  mul,
  reshape,
  select,
  sigmoid,
  tanh,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { adam, crossEntropy, trainer } from "@sluice/train";
import { wasm } from "@sluice/wasm";

const column = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1]);

/** A recurrent network of two layers in each step, whose gate is a GRU, and which rests while a switch is off. */
const workshop = defineCell({
  name: "workshop",
  options: { width: 2 },
  stepIndex: true,
  extra: () => ({ on: { shape: [], dtype: "bool" } }),
  cells: ({ input }, { width }) => ({ clock: gru({ input, hidden: width }) }),
  params: ({ input, hidden }, { width }) => ({
    mlp: [
      { W: kernel([input + hidden, 4]), b: bias([4]) },
      { W: recurrentKernel([4, hidden]), b: bias([hidden]) },
    ] as const,
    gate: kernel([width, hidden]),
    start: parameter([hidden], { initializer: ones }),
  }),
  state: ({ hidden }) => ({
    h: { shape: [hidden], initial: "start" },
    worked: { shape: [], dtype: "i32" },
  }),
  step({ mlp: [first, second], gate }, { h, worked }, x, { input, recurrent, cells, trace, extra, stepIndex }) {
    const clock = cells.clock(x);
    const inside = tanh(add(input("first", concat([x, h], 1), first.W), first.b));
    const proposal = tanh(add(recurrent("second", inside, second.W), second.b));
    const z = trace("gate", sigmoid(input("gate", clock.output, gate)));
    const age = mul(convert(add(stepIndex, worked), x.dtype), 0.01);
    const next = add(mul(z, proposal), mul(h, column(age)));
    return {
      state: {
        h: select(column(extra.on), next, h),
        worked: add(worked, convert(extra.on, "i32")),
        clock: clock.state,
      },
      output: "h",
    };
  },
});

const backend = wasm();
after(() => backend.close());

for (const { name, skip, run } of cellSuite(workshop({ input: 2, hidden: 3 }), { backend })) test(name, { skip }, run);

test("the initial state is learned, and the integer state counts", () => {
  const layer = sequence(workshop({ input: 2, hidden: 3 }));
  const params = layer.init(key(1));
  assert.deepEqual([...valuesOf(layer.initialState(1, { params }).h)], [1, 1, 1]);
  const on = tensor([1, 0, 1, 1, 0, 0, 0, 0], [2, 4], { dtype: "bool" });
  const { state } = layer.apply(params, full([2, 4, 2], 0.5), { extra: { on } });
  assert.deepEqual([...valuesOf(state.worked)], [3, 0]);
  assert.deepEqual([...valuesOf(state.h)].slice(3), [1, 1, 1]);
});

test("learns to tell two words apart, from token ids", async () => {
  const model = sequential([
    embedding({ tokens: 5, features: 2 }),
    sequence(workshop({ input: 2, hidden: 3 }), { outputs: "last" }),
    dense({ input: 3, output: 2 }),
  ]);
  const batch = {
    ids: tensor([1, 2, 3, 0, 4, 3, 2, 0], [2, 4], { dtype: "i32" }),
    lengths: tensor([3, 3], [2], { dtype: "i32" }),
    on: full([2, 4], 1, "bool"),
    y: tensor([0, 1], [2], { dtype: "i32" }),
  };
  const training = await trainer({
    loss: (params, { ids, lengths, on, y }: typeof batch) => {
      const { output } = model.apply(params, ids, { lengths, extra: { on } });
      return { loss: crossEntropy(output, y) };
    },
    optimizer: adam({ learningRate: 0.05 }),
    params: model.init(key(2)),
    key: key(3),
    batch,
    backend,
  });
  let loss = Infinity;
  for (let step = 0; step < 60; step++) ({ loss } = await training.run(batch));
  assert.ok(loss < 0.1, `the loss is ${loss}`);
});
