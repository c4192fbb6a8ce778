// Gated cells against the numbers of other packages (fixtures/cells/README.md).
import { add, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { janet } from "../index.ts";

const cells: readonly GoldenCell[] = [
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
