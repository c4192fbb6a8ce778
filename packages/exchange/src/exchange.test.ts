import { layerNorm } from "@sluice/norm";
import { add, key, mapTree, mul, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { describe, expect, test } from "vitest";
import { dropConnect, kernel, reparametrized, weightNorm, weightsOf } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  dense,
  gru,
  gruD,
  lstm,
  reparametrize,
  rnn,
  rnnDecay,
  sequence,
  sequential,
  type Cell,
  type Layer,
  type State,
  variationalDropout,
  withTrainingStep,
  zoneout,
} from "@sluice/cells";
import { fromKeras, fromPyTorch, toKeras, toPyTorch } from "./index.ts";

const sizes = { input: 2, hidden: 3 };
const root = key(1);
const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const out =
  (layer: Layer): (() => unknown) =>
  () =>
    toPyTorch(layer, layer.init(root));
const keras =
  (layer: Layer): (() => unknown) =>
  () =>
    toKeras(layer, layer.init(root));

test("a linear layer has PyTorch's weight [output, input] and Keras's kernel [input, output]", () => {
  const layer = dense({ input: 2, output: 1 });
  const params = { W: tensor([1, 2], [2, 1]), b: tensor([3]) };
  expect(toPyTorch(layer, params)).toEqual({ weight: tensor([1, 2], [1, 2]), bias: tensor([3]) });
  expect(toKeras(layer, params)).toEqual({ kernel: params.W, bias: params.b });
  expect(fromPyTorch(layer, toPyTorch(layer, params))).toEqual(params);
  expect(fromKeras(layer, toKeras(layer, params))).toEqual(params);
});

test("one bias becomes two by zeros, and comes back", () => {
  const layer = sequence(lstm(sizes));
  const params = layer.init(root);
  const named = toPyTorch(layer, params);
  expect(numbers(named["bias_hh_l0"]!)).toEqual(new Array(12).fill(0));
  expect(fromPyTorch(layer, named)).toEqual(params);
  const two = { ...named, bias_hh_l0: add(named["bias_hh_l0"]!, 1) };
  expect(() => fromPyTorch(layer, two)).toThrow(
    "PyTorch: the cell has no bh, and bias_hh_l0 is not zero; make the cell with biases: 2",
  );
  expect(numbers(fromPyTorch(sequence(lstm({ ...sizes, biases: 2 })), two).bh!)).toEqual(new Array(12).fill(1));
});

test("no bias has no bias there", () => {
  const layer = sequence(rnn({ ...sizes, biases: 0 }));
  expect(Object.keys(toPyTorch(layer, layer.init(root)))).toEqual(["weight_ih_l0", "weight_hh_l0"]);
  expect(fromPyTorch(layer, toPyTorch(layer, layer.init(root)))).toEqual(layer.init(root));
});

test("names run over layers and directions; dropout, which does nothing in evaluation, is no obstacle", () => {
  const model = sequential([
    bidirectional(gru({ ...sizes, dropout: 0.1, recurrentDropout: 0.2 })),
    bidirectional(gru({ input: 6, hidden: 3 })),
  ]);
  const params = mapTree(model.init(root), (x) => add(x, 0.25));
  const named = toPyTorch(model, params);
  expect(Object.keys(named)).toEqual(
    ["l0", "l0_reverse", "l1", "l1_reverse"].flatMap((suffix) =>
      ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => `${name}_${suffix}`),
    ),
  );
  expect(fromPyTorch(model, named)).toEqual(params);
});

test("Keras's GRU has the gates z, r, h and a row for each bias", () => {
  const layer = sequence(gru({ input: 1, hidden: 1 }));
  const params = {
    W: tensor([1, 2, 3], [1, 3]),
    U: tensor([4, 5, 6], [1, 3]),
    b: tensor([7, 8, 9]),
    bh: tensor([10, 11, 12]),
  };
  const named = toKeras(layer, params);
  expect(numbers(named["kernel"]!)).toEqual([2, 1, 3]);
  expect(named["bias"]).toEqual(tensor([8, 7, 9, 11, 10, 12], [2, 3]));
  expect(fromKeras(layer, named)).toEqual(params);
});

test("the weights that are made of others can be exported for the plain layer", () => {
  const [plain, layer] = [sequence(gru(sizes)), sequence(reparametrize(gru(sizes), { recurrent: weightNorm() }))];
  const weights = weightsOf(layer, layer.init(root));
  const named = toPyTorch(plain, weights as ReturnType<typeof plain.init>);
  const x = tensor([1, 2, 3, 4], [1, 2, 2]);
  expect(numbers(plain.apply(fromPyTorch(plain, named), x).output)).toEqual(
    numbers(layer.apply(layer.init(root), x).output),
  );
});

/** A modifier of somebody else's, which knows nothing of exchange: every weight counts half. */
const halved = <P extends Tree, S extends State>(cell: Cell<P, S>): Cell<P, S> => ({
  ...cell,
  step: (params, ...rest) =>
    cell.step(
      mapTree(params, (w) => mul(w, 0.5)),
      ...rest,
    ),
});

/** A layer that says of itself what is not so. */
const relayed: Layer = { ...sequence(zoneout(gru(sizes), { h: 0.1 })), ...{ cell: gru(sizes) } };

describe("what has no exact counterpart is an error that says why", () => {
  const mine = defineCell({
    name: "mine",
    params: () => ({ W: kernel([2, 3]) }),
    state: () => ({ h: [3] }),
    step: (_, { h }) => ({ state: { h }, output: "h" }),
  });
  const dropped = defineCell({
    name: "dropped",
    params: () => ({ W: reparametrized(kernel([2, 3]), dropConnect(0.5)) }),
    state: () => ({ h: [3] }),
    step: (_, { h }) => ({ state: { h }, output: "h" }),
  });
  test.each<[string, () => unknown, string]>([
    [
      "reset before",
      out(sequence(gru({ ...sizes, reset: "before" }))),
      "its GRU applies the reset after the recurrent product",
    ],
    [
      "no reset",
      out(sequence(gru({ ...sizes, reset: "none" }))),
      'a gru with reset: "none" is a different network without an exact counterpart',
    ],
    [
      "no reset, for Keras",
      keras(sequence(gru({ ...sizes, reset: "none" }))),
      'Keras: its GRU has a reset gate; a gru with reset: "none" is a different network',
    ],
    [
      "peepholes",
      out(sequence(lstm({ ...sizes, peephole: true }))),
      "PyTorch: an lstm with peepholes is a different network without an exact counterpart",
    ],
    [
      "coupled gates",
      out(sequence(lstm({ ...sizes, coupled: true }))),
      "PyTorch: an lstm with coupled gates is a different network",
    ],
    [
      "no forget gate, for Keras",
      keras(sequence(lstm({ ...sizes, forgetGate: false }))),
      "Keras: an lstm with no forget gate is a different network",
    ],
    ["projection, for Keras", keras(sequence(lstm({ ...sizes, projection: 2 }))), "Keras: its lstm has no projection"],
    [
      "other projections",
      out(sequential([sequence(lstm({ ...sizes, projection: 2 })), sequence(lstm({ input: 2, hidden: 3 }))])),
      "all layers of its lstm are alike in kind, hidden size, projection",
    ],
    [
      "another cell",
      out(sequence(mine(sizes))),
      "PyTorch: there is no layout for the cell mine; pass one in layouts, as { cell: mine, weights }",
    ],
    ["norm", out(sequence(gru({ ...sizes, norm: layerNorm() }))), "PyTorch: its gru has no normalization"],
    [
      "activation",
      out(sequence(lstm({ ...sizes, activation: "relu" }))),
      "the lstm must have activation tanh and recurrentActivation sigmoid",
    ],
    [
      "rnn's activation",
      out(sequence(rnn({ ...sizes, activation: "sigmoid" }))),
      "its RNN has the activations tanh and relu, not sigmoid",
    ],
    [
      "a readout with an activation",
      out(dense({ input: 2, output: 1, activation: "relu" })),
      "PyTorch: nn.Linear has no activation",
    ],
    [
      "zoneout",
      out(sequence(zoneout(gru(sizes), { h: 0.1 }))),
      "PyTorch: gru was modified after it was made, for example by zoneout",
    ],
    [
      "zoneout below dropout",
      out(sequence(variationalDropout(zoneout(gru(sizes), { h: 0.1 }), { input: 0.1 }))),
      "gru was modified after it was made, for example by zoneout",
    ],
    [
      "weights made of others",
      out(sequence(reparametrize(gru(sizes), { recurrent: weightNorm() }))),
      "PyTorch: the weight U of gru is computed from other parameters",
    ],
    [
      "weights of a layer made of others, for Keras",
      keras(reparametrize(sequence(gru(sizes)), { recurrent: weightNorm() })),
      "exchange: gru was modified after it was made (a part such as apply was replaced)",
    ],
    [
      "a readout whose weights are made of others",
      out(reparametrize(dense({ input: 2, output: 1 }), { kernel: weightNorm() })),
      "exchange: dense was modified after it was made (a part such as apply",
    ],
    [
      "a definition whose weights are made of others",
      out(sequence(zoneout(dropped(sizes), { h: 0.1 }))),
      "PyTorch: the weight W of dropped is computed from other parameters",
    ],
    [
      "other weights in the step",
      out(sequence(halved(gru(sizes)))),
      "gru was modified after it was made, for example by zoneout",
    ],
    [
      "other weights in the step, for Keras",
      keras(sequence(halved(lstm(sizes)))),
      "Keras: lstm was modified after it was made, for example by zoneout",
    ],
    [
      "dropout around other weights",
      out(sequence(withTrainingStep(halved(gru(sizes)), gru(sizes).step))),
      "gru was modified after it was made, for example by zoneout",
    ],
    [
      "another apply",
      out({ ...sequence(gru(sizes)), apply: sequence(halved(gru(sizes))).apply }),
      "exchange: gru was modified after it was made (a part such as apply was replaced)",
    ],
    [
      "another apply within a stack",
      out(sequential([{ ...sequence(gru(sizes)), apply: sequence(gru(sizes)).apply }])),
      "exchange: gru was modified after it was made (a part such as apply",
    ],
    ["another cell in the layer", keras(relayed), "exchange: gru was modified after it was made (a part such as apply"],
    [
      "a readout with another apply",
      keras({ ...dense({ input: 2, output: 1 }), apply: dense({ input: 2, output: 1 }).apply }),
      "exchange: dense was modified after it was made (a part such as apply",
    ],
    [
      "other parameters",
      out(sequence({ ...gru(sizes), params: { ...gru(sizes).params } })),
      "gru was modified after it was made, for example by zoneout",
    ],
    ["merge", out(bidirectional(gru(sizes), { merge: "sum" })), "its directions are concatenated, not merged by sum"],
    [
      "backwards only",
      out(sequence(gru(sizes), { reverse: true })),
      "no layer runs only from the last step to the first",
    ],
    [
      "a readout within",
      out(sequential([sequence(gru(sizes)), dense({ input: 3, output: 1 })])),
      "dense is not a recurrent layer; convert it on its own",
    ],
    [
      "other hidden sizes",
      out(sequential([sequence(gru(sizes)), sequence(gru({ input: 3, hidden: 4 }))])),
      "all layers of its gru are alike",
    ],
    [
      "mixed directions",
      out(sequential([bidirectional(gru(sizes)), sequence(gru({ input: 6, hidden: 3 }))])),
      "either all layers of a stack run in both directions or none",
    ],
    ["Keras's LSTM with two biases", keras(sequence(lstm({ ...sizes, biases: 2 }))), "Keras: its lstm has one bias"],
    [
      "Keras's GRU before with two biases",
      keras(sequence(gru({ ...sizes, reset: "before", biases: 2 }))),
      "Keras: its gru with reset before has one bias",
    ],
    [
      "Keras of a stack",
      keras(sequential([sequence(gru(sizes))])),
      "Keras: sequential does not correspond to a single Keras layer; convert its layers one by one",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });

  test("weights that are missing, misshapen or left over", () => {
    const layer = sequence(gru(sizes));
    const named = toPyTorch(layer, layer.init(root));
    const { bias_ih_l0: _, ...fewer } = named;
    expect(() => fromPyTorch(layer, fewer)).toThrow(
      "PyTorch: no bias_ih_l0; there are weight_ih_l0, weight_hh_l0, bias_hh_l0",
    );
    expect(() => fromPyTorch(layer, { ...named, weight_ih_l1: zerosArray([9, 3]) })).toThrow(
      "PyTorch: the layer does not use weight_ih_l1; did you mean weight_ih_l0?",
    );
    expect(() => fromPyTorch(layer, { ...named, weight_ih_l0: zerosArray([9, 3]) })).toThrow(
      "PyTorch: weight_ih_l0 must be [9,2], got [9,3]",
    );
    expect(() => fromKeras(layer, { kernel: zerosArray([2, 9]) })).toThrow(
      "Keras: no recurrent_kernel; there are kernel",
    );
  });
});

test("parameters of another layer are an error that names them", () => {
  const layer = sequence(gru(sizes));
  const given: Tree = { ...layer.init(root), V: tensor([1]) };
  expect(() => toPyTorch<Tree>(layer, given)).toThrow("toPyTorch: the parameters do not fit: unexpected V [1]");
  expect(() => toKeras<Tree>(layer, given)).toThrow("toKeras: the parameters do not fit: unexpected V [1]");
});

test("cells with decay have no counterpart", () => {
  const layers: readonly (readonly [string, Layer])[] = [
    ["rnnDecay", sequence(rnnDecay(sizes))],
    ["gruD", sequence(gruD(sizes))],
  ];
  for (const [name, layer] of layers) {
    expect(() => toPyTorch(layer, layer.init(root))).toThrow(name);
    expect(() => toKeras(layer, layer.init(root))).toThrow(name);
  }
});
