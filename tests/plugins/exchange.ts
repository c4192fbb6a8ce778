// A layout of another library's weights for a cell of one's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bidirectional, defineCell, sequence, sequential } from "@sluice/cells";
import { fromPyTorch, toPyTorch, type CellLayout } from "@sluice/exchange";
import { readSafetensors, writeSafetensors } from "@sluice/formats";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, key, mul, sigmoid, split, sub, tanh, tensor, valuesOf } from "@sluice/tensor";

/** The minimal gated unit (Zhou et al. 2016, arXiv:1603.09420). */
const minimalGated = defineCell({
  name: "minimalGated",
  options: { coupled: true },
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, hidden]),
    V: recurrentKernel([hidden, hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, V, b }, { h }, x, { input, recurrent, coupled }) {
    const [forget, candidate] = split(add(input("gates", x, W), b), 2);
    const f = sigmoid(add(forget!, recurrent("forget", h, U)));
    const n = tanh(add(candidate!, recurrent("candidate", mul(f, h), V)));
    return { state: { h: add(mul(coupled ? sub(1, f) : f, h), mul(f, n)) }, output: "h" };
  },
});

/** Their gates are in the other order and their matrices `[output, input]`; U and V are the rows of one tensor. */
const layout: CellLayout = {
  cell: minimalGated,
  refuse: ({ options }) => (options["coupled"] === true ? undefined : "theirs has coupled gates"),
  weights: () => {
    const gates = { blocks: 2, order: [1, 0] };
    return [
      { name: "weight_ih_{layer}", parameters: "W", gates, transpose: true },
      { name: "weight_hh_{layer}", parameters: ["U", "V"] },
      { name: "bias_{layer}", parameters: "b", gates },
    ];
  },
};

test("weights go there and come back", () => {
  const layer = sequence(minimalGated({ input: 1, hidden: 1 }));
  const params = {
    W: tensor([1, 2], [1, 2]),
    U: tensor([3], [1, 1]),
    V: tensor([4], [1, 1]),
    b: tensor([5, 6]),
  };
  const theirs = toPyTorch(layer, params, { layouts: [layout] });
  const values = Object.entries(theirs).map(([name, x]) => [name, x.shape, [...valuesOf(x)]]);
  assert.deepEqual(values, [
    ["weight_ih_l0", [2, 1], [2, 1]],
    ["weight_hh_l0", [2, 1, 1], [3, 4]],
    ["bias_l0", [2], [6, 5]],
  ]);
  assert.deepEqual(fromPyTorch(layer, theirs, { layouts: [layout] }), params);
});

test("a stack of both directions comes back through a file", () => {
  const model = sequential([
    bidirectional(minimalGated({ input: 3, hidden: 4 })),
    bidirectional(minimalGated({ input: 8, hidden: 4 })),
  ]);
  const params = model.init(key(1));
  const file = writeSafetensors(toPyTorch(model, params, { layouts: [layout] }));
  assert.deepEqual(fromPyTorch(model, readSafetensors(file).tensors, { layouts: [layout] }), params);
});

test("what has no counterpart is refused with the layout's reason", () => {
  const layer = sequence(minimalGated({ input: 1, hidden: 1, coupled: false }));
  assert.throws(() => toPyTorch(layer, layer.init(key(1)), { layouts: [layout] }), /theirs has coupled gates/);
});
