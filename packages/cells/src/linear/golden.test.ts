// Linear recurrences against the numbers of other packages (fixtures/cells/README.md).
import { concat, full, reshape, split, stack, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell } from "../../../../fixtures/cells/golden-cells.ts";
import { lru, minGru, minLstm, sru } from "../index.ts";

/** The package stacks by unit, we by matrix: `[input, hidden n]` as `[input, n hidden]`. */
function byMatrix(weight: Tensor, hidden: number): Tensor {
  const [input = 0, columns = 0] = weight.shape;
  return reshape(transpose(reshape(weight, [input, hidden, columns / hidden]), [0, 2, 1]), weight.shape);
}

const sruOf = (file: string): GoldenCell => ({
  source: "sru",
  file,
  cell: (sizes, { options }) =>
    sru({
      ...sizes,
      highwayBias: Number(options["highway_bias"] ?? 0),
      skip: options["has_skip_term"] !== false,
      rescale: options["rescale"] !== false,
      peepholes: options["v1"] !== true,
      activation: options["use_tanh"] === true ? "tanh" : "linear",
    }),
  params: (given, { options }) => ({
    W: byMatrix(given("weight"), 4),
    ...(options["v1"] !== true && { v: given("weight_c") }),
    b: given("bias"),
  }),
});

const cells: readonly GoldenCell[] = [
  {
    source: "minGRU-pytorch",
    file: "min-gru",
    cell: (sizes) => minGru(sizes),
    params(given) {
      const [n, z] = split(transpose(given("to_hidden_and_gate.weight")), 2);
      return { W: concat([z, n], 1), b: full([8], 0, "f64") };
    },
  },
  {
    source: "minGRU-pytorch",
    file: "min-lstm",
    cell: (sizes) => minLstm(sizes),
    params(given) {
      const [n, f, i] = split(transpose(given("to_hidden_and_f_i_gate.weight")), 3);
      return { W: concat([f, i, n], 1), b: full([12], 0, "f64") };
    },
  },
  {
    source: "lru-pytorch",
    file: "lru",
    cell: (sizes) => lru({ ...sizes, outputs: 2 }),
    params: (given) => ({
      Lambda: stack([given("nu_log"), given("theta_log"), given("gamma_log")]),
      B: { re: transpose(given("B_re")), im: transpose(given("B_im")) },
      C: { re: transpose(given("C_re")), im: transpose(given("C_im")) },
      D: transpose(given("D")),
    }),
  },
  sruOf("sru"),
  sruOf("sru-same-width"),
];

for (const { name, run } of goldenTests(cells)) test(name, run);
