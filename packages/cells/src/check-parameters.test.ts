// Parameters and states are compared with what a cell or layer has, wherever it is applied.
import { layerNorm } from "@sluice/norm";
import { full, key, normal, tensor, type Tree } from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import { bidirectional, dense, gru, lstm, rnn, sequence, sequential, type Layer } from "./index.ts";

const sizes = { input: 2, hidden: 3 };
const root = key(1);
const x = normal(key(2), [2, 4, 2]);
const layer = sequence(gru(sizes));
const params = layer.init(root);
const both = bidirectional(rnn(sizes));
const weights = both.init(root);
const two = sequential([sequence(rnn(sizes)), dense({ input: 3, output: 2 })]);
const pair = two.init(root);

/** `apply` for parameters and states that the types would refuse. */
const applied =
  (of: Layer, given: Tree, options: object = {}) =>
  () =>
    of.apply(given, x, options);

describe("parameters that do not fit are an error that names paths, what is there and what is expected", () => {
  test.each<[string, () => unknown, string]>([
    [
      "an LSTM's in a GRU",
      applied(layer, sequence(lstm(sizes)).init(root)),
      "gru: the parameters do not fit: W is [2,12], expected [2,9]; U is [3,12], expected [3,9]; b is [12], expected [9]; no bh, expected [9]",
    ],
    [
      "no b",
      applied(layer, { W: params.W, U: params.U }),
      "gru: the parameters do not fit: no b, expected [9]; no bh, expected [9]",
    ],
    ["one too many", applied(layer, { ...params, V: tensor([1]) }), "gru: the parameters do not fit: unexpected V [1]"],
    ["of another dtype", applied(layer, { ...params, b: full([9], 0, "i32") }), "b is i32 [9], expected f32 [9]"],
    [
      "of another precision than x",
      applied(layer, layer.init(root, { dtype: "f64" })),
      'gru: the input [2,4,2] is f32, but the parameters are f64; convert one of them: convert(x, "f64")',
    ],
    [
      "of two precisions",
      applied(layer, { ...params, U: zerosArray([3, 9], "f64") }),
      "U is f64 [3,9], expected f32 [3,9]",
    ],
    ["none", applied(layer, {}), "no W, expected [2,9]; no U, expected [3,9]; no b, expected [9]; no bh, expected [9]"],
    ["no tree", applied(layer, JSON.parse("null")), "gru: expected the parameters as a tree of tensors, got null"],
    [
      "a normalizer's",
      applied(sequence(rnn({ ...sizes, norm: layerNorm({ bias: false, cell: false }) })), rnn(sizes).init(root)),
      "rnn: the parameters do not fit: no norm.gates.0.gain, expected [3]; no norm.gates.1.gain, expected [3]",
    ],
    [
      "a dense layer's W",
      () => dense({ input: 3, output: 2 }).apply({ W: zerosArray([3, 5]), b: zerosArray([2]) }, zerosArray([1, 3])),
      "dense: the parameters do not fit: W is [3,5], expected [3,2]",
    ],
    [
      "a dense layer's b",
      () => dense({ input: 3, output: 2 }).apply({ W: zerosArray([3, 2]) }, zerosArray([1, 3])),
      "dense: the parameters do not fit: no b, expected [2]",
    ],
    [
      "a bias that there is not",
      () =>
        dense({ input: 3, output: 2, bias: false }).apply(
          { W: zerosArray([3, 2]), b: zerosArray([2]) },
          zerosArray([1, 3]),
        ),
      "dense: the parameters do not fit: unexpected b [2]",
    ],
    [
      "a third layer's",
      applied(two, [...pair, { W: tensor([1], [1, 1]) }]),
      "sequential: the parameters do not fit: unexpected 2.W [1,1]",
    ],
    [
      "another direction's",
      applied(both, { ...weights, sideways: weights.forward }),
      "bidirectional: the parameters do not fit: unexpected sideways.W [2,3]",
    ],
    [
      "no backward direction's",
      applied(both, { forward: weights.forward }),
      "bidirectional: the parameters do not fit: no backward.W, expected [2,3]",
    ],
    [
      "of a single step",
      () => gru(sizes).step({ ...params, b: tensor([0]) }, { h: zerosArray([2, 3]) }, zerosArray([2, 2])),
      "gru: the parameters do not fit: b is [1], expected [9]",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("so are states", () => {
  test.each<[string, () => unknown, string]>([
    [
      "without the backward direction",
      applied(both, weights, { state: { forward: { h: zerosArray([2, 3]) } } }),
      "bidirectional: the states of state do not fit: no backward.h, expected [2,3]",
    ],
    [
      "of a third layer",
      applied(two, pair, { state: [{ h: zerosArray([2, 3]) }, {}, { h: zerosArray([2, 3]) }] }),
      "sequential: the states of state do not fit: unexpected 2.h [2,3]",
    ],
    [
      "to reset to",
      applied(two, pair, { resetState: [{ h: zerosArray([1, 3]) }, {}] }),
      "sequential: the states of resetState do not fit: 0.h is [1,3], expected [2,3]",
    ],
    [
      "of one row in a step",
      () => gru(sizes).step(params, { h: zerosArray([1, 3]) }, zerosArray([2, 2])),
      "gru: the states do not fit: h is [1,3], expected [2,3]",
    ],
    [
      "of a memory in a step",
      () => lstm(sizes).step(lstm(sizes).init(root), JSON.parse("{}"), zerosArray([2, 2])),
      "lstm: the states do not fit: no h, expected [2,3]; no c, expected [2,3]",
    ],
    [
      "one too many in a step",
      () => gru(sizes).step(params, { h: zerosArray([2, 3]), ...{ c: zerosArray([2, 3]) } }, zerosArray([2, 2])),
      "gru: the states do not fit: unexpected c [2,3]",
    ],
    [
      "x of a step",
      () => gru(sizes).step(params, { h: zerosArray([2, 3]) }, zerosArray([2, 1])),
      "gru: a step expects x [batch, 2], got [2,1]",
    ],
    [
      "an option of a dense layer",
      () => dense({ input: 3, output: 2 }).apply(pair[1], zerosArray([1, 3]), JSON.parse('{ "stat": 1 }')),
      "dense.apply: unknown option stat; did you mean state?",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

test("parameters nested as a file has them, by position, fit a stack", () => {
  expect(two.apply(pair, x).output.shape).toEqual([2, 4, 2]);
  expect(applied(two, { 0: pair[0], 1: pair[1] })).not.toThrow();
});
