// Gated cells against the numbers of other packages (fixtures/cells/README.md).
import { add, concat, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { gru, janet, lstm } from "../index.ts";

const cells: readonly GoldenCell[] = [
  {
    source: "flax",
    file: "mgu",
    only: ({ options }) => options["reset_gate"] === false,
    cell: (sizes) => gru({ ...sizes, reset: "none" }),
    params: (given) => ({
      W: concat([given("if.kernel"), given("in.kernel")], 1),
      U: concat([given("hf.kernel"), given("hn.kernel")], 1),
      b: concat([given("if.bias"), given("in.bias")], 0),
    }),
  },
  {
    source: "torchrecurrent",
    file: "peephole-lstm",
    cell: (sizes) => lstm({ ...sizes, peephole: true }),
    params: (given) => ({ ...stacked(given), p: given("weight_ph") }),
  },
  {
    source: "torchrecurrent",
    file: "original-lstm",
    cell: (sizes) => lstm({ ...sizes, forgetGate: false }),
    params: stacked,
  },
  {
    source: "torchrecurrent",
    file: "janet",
    cell: (sizes, { options }) => janet({ ...sizes, beta: Number(options["beta"] ?? 1) }),
    params: stacked,
    states: (given) => ({ h: given("c") }),
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** PyTorch's weights: matrices stacked and transposed, and two biases whose sum is ours. */
function stacked(given: Named): { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor } {
  return {
    W: transpose(given("weight_ih")),
    U: transpose(given("weight_hh")),
    b: add(given("bias_ih"), given("bias_hh")),
  };
}
