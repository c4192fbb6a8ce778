// Further gated cells against the numbers of torchrecurrent (fixtures/cells/README.md).
import { add, pad, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { brc, fastGrnn, fastRnn, nBrc, star } from "../index.ts";

const cells: readonly Omit<GoldenCell, "source">[] = [
  {
    file: "fast-rnn",
    cell: fastRnn,
    params: (given) => ({ ...matrices(given), b: bothBiases(given), alpha: given("alpha"), beta: given("beta") }),
  },
  {
    file: "fast-grnn",
    // The package's gate has tanh by default. The paper's is sigmoid.
    cell: (sizes, { options }) =>
      fastGrnn({ ...sizes, recurrentActivation: options["nonlinearity"] === "sigmoid" ? "sigmoid" : "tanh" }),
    params: (given) => ({ ...matrices(given), b: bothBiases(given), zeta: given("zeta"), nu: given("nu") }),
  },
  {
    file: "br",
    cell: brc,
    params: (given) => ({ W: transpose(given("weight_ih")), u: given("weight_hh"), b: someBiases(given, "first") }),
  },
  { file: "nbr", cell: nBrc, params: (given) => ({ ...matrices(given), b: someBiases(given, "first") }) },
  { file: "star", cell: star, params: (given) => ({ ...matrices(given), b: someBiases(given, "last") }) },
];

for (const { name, run } of goldenTests(cells.map((cell) => ({ ...cell, source: "torchrecurrent" })))) test(name, run);

/** PyTorch's matrices are transposed. */
function matrices(given: Named): { readonly W: Tensor; readonly U: Tensor } {
  return { W: transpose(given("weight_ih")), U: transpose(given("weight_hh")) };
}

/** Our one bias is the sum of the package's two. */
function bothBiases(given: Named): Tensor {
  return add(given("bias_ih"), given("bias_hh"));
}

/** The same where the recurrent product has fewer blocks: the first, or the last, of those that the input's has. */
function someBiases(given: Named, which: "first" | "last"): Tensor {
  const [b, bh] = [given("bias_ih"), given("bias_hh")];
  const rest = (b.shape[0] ?? 0) - (bh.shape[0] ?? 0);
  return add(b, which === "first" ? pad(bh, [0], [rest]) : pad(bh, [rest], [0]));
}
