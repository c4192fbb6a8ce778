// Cells that this package has never heard of get an exchange by a layout of their own.
import { bidirectional, gru, janet, sequence, sequential } from "@sluice/cells";
import { add, key, mapTree, tensor, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { fromKeras, fromPyTorch, toKeras, toPyTorch, type CellLayout } from "./index.ts";

/** Another library's JANET: the candidate stands first, and there is a bias of each product. */
const inModules: CellLayout = {
  cell: janet,
  refuse: ({ options: { beta } }) => (beta === 1 ? undefined : `its JANET has beta 1, not ${String(beta)}`),
  weights: () => {
    const gates = { blocks: 2, order: [1, 0] };
    return [
      { name: "weight_ih_{layer}", parameters: "W", gates, transpose: true },
      { name: "weight_hh_{layer}", parameters: "U", gates, transpose: true },
      { name: "bias_ih_{layer}", parameters: "b", gates },
      { name: "bias_hh_{layer}", parameters: "bh", zerosLike: "b" },
    ];
  },
};

/** A third one's, which keeps the gates in weights of their own, as Flax does. */
const byGate: CellLayout = {
  cell: janet,
  weights: () =>
    ["f", "c"].flatMap((gate, i) => {
      const gates = { blocks: 2, order: [i] };
      return [
        { name: `i${gate}.kernel`, parameters: "W", gates },
        { name: `h${gate}.kernel`, parameters: "U", gates },
        { name: `h${gate}.bias`, parameters: "b", gates },
      ];
    }),
};

const layer = sequence(janet({ input: 1, hidden: 1 }));
const params = { W: tensor([1, 2], [1, 2]), U: tensor([3, 4], [1, 2]), b: tensor([5, 6]) };

test("gates in another order, transposed, with a bias that the cell lacks", () => {
  const named = toPyTorch(layer, params, { layouts: [inModules] });
  expect(named).toEqual({
    weight_ih_l0: tensor([2, 1], [2, 1]),
    weight_hh_l0: tensor([4, 3], [2, 1]),
    bias_ih_l0: tensor([6, 5]),
    bias_hh_l0: tensor([0, 0]),
  });
  expect(fromPyTorch(layer, named, { layouts: [inModules] })).toEqual(params);
  expect(() => fromPyTorch(layer, { ...named, bias_hh_l0: tensor([0, 1]) }, { layouts: [inModules] })).toThrow(
    "PyTorch: the cell has no bh, and bias_hh_l0 is not zero",
  );
});

test("gates in weights of their own", () => {
  const named = toKeras(layer, params, { layouts: [byGate] });
  expect(Object.fromEntries(Object.entries(named).map(([name, x]) => [name, [...valuesOf(x)]]))).toEqual({
    "if.kernel": [1],
    "ic.kernel": [2],
    "hf.kernel": [3],
    "hc.kernel": [4],
    "hf.bias": [5],
    "hc.bias": [6],
  });
  expect(fromKeras(layer, named, { layouts: [byGate] })).toEqual(params);
});

test("stacks and directions come back to the bit, at any size", () => {
  const model = sequential([
    bidirectional(janet({ input: 3, hidden: 5 })),
    bidirectional(janet({ input: 10, hidden: 5 })),
  ]);
  const given = mapTree(model.init(key(1)), (x) => add(x, 0.25));
  const named = toPyTorch(model, given, { layouts: [inModules] });
  expect(Object.keys(named).filter((name) => name.startsWith("weight_ih"))).toEqual([
    "weight_ih_l0",
    "weight_ih_l0_reverse",
    "weight_ih_l1",
    "weight_ih_l1_reverse",
  ]);
  expect(fromPyTorch(model, named, { layouts: [inModules] })).toEqual(given);
});

test("cells that are known here keep their layout beside others, or take another one", () => {
  const known = sequence(gru({ input: 1, hidden: 1 }));
  const weights = known.init(key(1));
  expect(toPyTorch(known, weights, { layouts: [inModules] })).toEqual(toPyTorch(known, weights));
  const renamed: CellLayout = {
    cell: gru,
    weights: () => ["W", "U", "b", "bh"].map((parameters) => ({ name: `theirs.${parameters}`, parameters })),
  };
  expect(toPyTorch(known, weights, { layouts: [renamed] })["theirs.bh"]).toEqual(weights.bh);
});

test("what does not fit is an error that says so", () => {
  expect(() => toPyTorch(layer, params)).toThrow("PyTorch: there is no layout for the cell janet; pass one in layouts");
  const other = sequence(janet({ input: 1, hidden: 1, beta: 2 }));
  expect(() => toPyTorch(other, params, { layouts: [inModules] })).toThrow("PyTorch: its JANET has beta 1, not 2");
  const short: CellLayout = { cell: janet, weights: () => [{ name: "kernel", parameters: "W" }] };
  expect(() => toKeras(layer, params, { layouts: [short] })).toThrow("the layout of janet does not use U, b");
  const half: CellLayout = { cell: janet, weights: (cell) => byGate.weights(cell).slice(0, 3) };
  const named = toKeras(layer, params, { layouts: [half] });
  expect(() => fromKeras(layer, named, { layouts: [half] })).toThrow("the layout gives no values for all of W");
  const pair = sequential([layer, sequence(janet({ input: 1, hidden: 1 }))]);
  expect(() => toPyTorch(pair, [params, params], { layouts: [byGate] })).toThrow(
    "PyTorch: two weights would be called if.kernel; put {layer} into the layout's names",
  );
});
