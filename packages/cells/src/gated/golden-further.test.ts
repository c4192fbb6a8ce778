// Further gated cells against the numbers of torchrecurrent (fixtures/cells/README.md).
import { add, concat, full, pad, sliceAxis, split, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import {
  brc,
  fastGrnn,
  fastRnn,
  lstm1997,
  multiplicativeLstm,
  nBrc,
  star,
  stronglyTypedGru,
  stronglyTypedLstm,
  stronglyTypedRnn,
  tauGru,
} from "../index.ts";

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
  {
    file: "trnn",
    cell: stronglyTypedRnn,
    params: (given) => ({ W: transpose(given("weight_ih")), b: given("bias_ih") }),
  },
  {
    file: "tgru",
    cell: stronglyTypedGru,
    params: ofLastTwoInputs,
    states: (given) => ({ h: given("h"), previous: given("x_prev") }),
  },
  {
    file: "tlstm",
    cell: stronglyTypedLstm,
    params: ofLastTwoInputs,
    states: (given) => ({ c: given("c"), previous: given("x_prev") }),
  },
  {
    file: "multiplicative-lstm",
    cell: (sizes) => multiplicativeLstm({ ...sizes, factorBiases: true }),
    params: multiplicative,
  },
  {
    file: "original-lstm",
    cell: (sizes) => lstm1997({ ...sizes, activation: "tanh", outputActivation: "tanh" }),
    params: (given) => ({ ...matrices(given), b: bothBiases(given) }),
  },
  {
    file: "tau-gru",
    cell: (sizes, { options }) => tauGru({ ...sizes, delay: delayOf(options) }),
    params: delayedLast,
    states: (given, { x, options }) => ({
      h: given("h"),
      history: full([x.shape[0] ?? 0, delayOf(options), given("h").shape[1] ?? 0], 0, "f64"),
    }),
    final: (given, { output, options }) => ({ h: given("h"), history: lastBefore(output, delayOf(options)) }),
  },
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

function ofLastTwoInputs(given: Named): { readonly W: Tensor; readonly V: Tensor; readonly b: Tensor } {
  const { W, U: V } = matrices(given);
  return { W, V, b: bothBiases(given) };
}

/** The package stacks the products of the input in the order m, i, f, n, o. */
function multiplicative(given: Named): Readonly<Record<string, Tensor>> {
  const { W, U } = matrices(given);
  const b = given("bias_ih");
  const [hidden, all] = [U.shape[0] ?? 0, b.shape[0] ?? 0];
  return {
    Wm: sliceAxis(W, 1, 0, hidden),
    W: sliceAxis(W, 1, hidden, all),
    U,
    V: transpose(given("weight_mh")),
    bm: sliceAxis(b, 0, 0, hidden),
    bh: given("bias_hh"),
    b: add(sliceAxis(b, 0, hidden, all), given("bias_mh")),
  };
}

/** The package's order is u, z, g, a, and ours u, g, a, z. */
function delayedLast(given: Named): { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor } {
  const cell = (name: string): Tensor => given(`cells.0.${name}`);
  const { W, U } = matrices(cell);
  const ordered = (w: Tensor): Tensor => {
    const [u, z, g, a] = split(w, 4);
    return concat([u, g, a, z], -1);
  };
  return { W: ordered(W), U: ordered(U), b: ordered(bothBiases(cell)) };
}

function delayOf(options: Readonly<Record<string, unknown>>): number {
  return Number(options["delay"] ?? 1);
}

/** The states before the last one, which are outputs: as many as `delay`, oldest first. */
function lastBefore(output: Tensor, delay: number): Tensor {
  const last = (output.shape[1] ?? 0) - 1;
  return sliceAxis(output, 1, last - delay, last);
}
