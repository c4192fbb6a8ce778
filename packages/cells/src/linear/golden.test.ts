// Linear recurrences against the numbers of other packages (fixtures/cells/README.md).
import {
  concat,
  full,
  reshape,
  sliceAxis,
  split,
  stack,
  tensor,
  transpose,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import type { CellCase } from "../../../../fixtures/cells/fixture-of.ts";
import { gla, lmu, lru, minGru, minLstm, sru } from "../index.ts";

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
  {
    source: "keras-lmu",
    file: "lmu",
    cell: (sizes, { options }) =>
      lmu({
        ...sizes,
        order: Number(options["order"]),
        theta: Number(options["theta"]),
        memories: Number(options["memory_d"]),
        discretization: options["discretizer"] === "euler" ? "euler" : "zoh",
        biases: options["use_bias"] === true ? 1 : 0,
      }),
    params: lmuOf,
  },
  {
    source: "fla",
    file: "gla",
    // The fixture's gate is of full rank: W1 is the identity.
    cell: (sizes) => gla({ ...sizes, heads: 2, keyWidth: 4, rank: 3, temperature: 1, biases: 1 }),
    params: (given) => ({
      W: transpose(concat([given("q.weight"), given("k.weight"), given("v.weight")], 0)),
      b: concat([given("q.bias"), given("k.bias"), given("v.bias")], 0),
      W1: tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3], { dtype: "f64" }),
      W2: transpose(given("f.weight")),
      bAlpha: given("f.bias"),
    }),
  },
  sruOf("sru"),
  sruOf("sru-same-width"),
];

/** keras-lmu stacks the rows of x before those of h, and those of m before those of x; what it leaves out is 0. */
function lmuOf(given: Named, { options }: CellCase): Tree {
  const [input, hidden, memories, width] = [3, 4, 2, 6];
  const rows = (name: string, from: number, count: number): Tensor => sliceAxis(given(name), 0, from, from + count);
  const when = (option: string, made: () => Tensor, shape: Shape): Tensor =>
    options[option] === true ? made() : full(shape, 0, "f64");
  return {
    Ex: rows("kernel", 0, input),
    Eh: when("hidden_to_memory", () => rows("kernel", input, hidden), [hidden, memories]),
    Em: when("memory_to_memory", () => given("recurrent_kernel"), [width, memories]),
    ...(options["use_bias"] === true && { b: given("bias") }),
    Wx: when("input_to_hidden", () => rows("hidden.kernel", width, input), [input, hidden]),
    Wh: given("hidden.recurrent_kernel"),
    Wm: rows("hidden.kernel", 0, width),
  };
}

for (const { name, run } of goldenTests(cells)) test(name, run);
