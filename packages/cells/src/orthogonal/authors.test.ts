// Dynamical cells against the numbers of their authors' code (fixtures/cells/README.md).
import { transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { lipschitzRnn, shufflingRnn } from "../index.ts";

const cells: readonly GoldenCell[] = [
  {
    source: "authors",
    file: "lipschitz-rnn",
    cell: (sizes, { options: { eps, beta, gamma } }) =>
      lipschitzRnn({ ...sizes, epsilon: Number(eps), beta: Number(beta), gamma: Number(gamma) }),
    params(given) {
      const { W, b } = layerOf(given, "E");
      return { W, b, M: given("B"), N: given("C") };
    },
  },
  {
    source: "authors",
    file: "shuffling-rnn",
    cell: (sizes, { options }) => shufflingRnn({ ...sizes, widths: options["num_layers"] === 1 ? [5] : [5, 5] }),
    params(given, { options }) {
      const layers = options["num_layers"] === 1 ? [0, 2] : [0, 2, 4];
      const { W: Wg, b: bg } = layerOf(given, "fc2");
      return { network: layers.map((layer) => layerOf(given, `fc.${layer}`)), Wg, bg };
    },
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** A linear layer of PyTorch. */
function layerOf(given: Named, name: string): { readonly W: Tensor; readonly b: Tensor } {
  return { W: transpose(given(`${name}.weight`)), b: given(`${name}.bias`) };
}
