// Exponential gates and matrix memories against the numbers of other packages (fixtures/cells/README.md).
import { concat, div, reshape, split, sqrt, square, sum, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { deltaNet, gatedDeltaNet, matrixLstm, sLstm } from "../index.ts";

const headsOf = (options: Readonly<Record<string, unknown>>): number => Number(options["num_heads"]);

const cells: readonly GoldenCell[] = [
  {
    source: "xlstm",
    file: "slstm",
    cell: (sizes, { options }) => sLstm({ ...sizes, heads: headsOf(options) }),
    params: (given, { options }) => ({
      W: transpose(given("W.weight")),
      U: split(given("R"), headsOf(options), 0).map((R) => transpose(reshape(R, R.shape.slice(1)))),
      b: given("b"),
    }),
    states: (given) => ({ h: given("y"), c: given("c"), n: given("n"), m: given("m") }),
  },
  {
    source: "xlstm",
    file: "mlstm",
    cell: (sizes, { options }) => matrixLstm({ ...sizes, heads: headsOf(options), epsilon: 1e-6 }),
    params: (given) => ({
      W: kernelsOf(given, ["q", "k", "v", "o"]),
      b: biasesOf(given, ["q", "k", "v", "o"]),
      w: kernelsOf(given, ["i", "f"]),
      bw: biasesOf(given, ["i", "f"]),
    }),
  },
  {
    source: "fla",
    file: "delta-rule",
    cell: (sizes) =>
      deltaNet({
        ...sizes,
        heads: 2,
        keyMap: (k) => div(k, sqrt(sum(square(k), -1, { keep: true }))),
        queryMap: (q) => div(q, Math.sqrt(2)),
      }),
    params: (given) => ({
      W: kernelsOf(given, ["q", "k", "v"]),
      b: biasesOf(given, ["q", "k", "v"]),
      w: kernelsOf(given, ["beta"]),
      bw: biasesOf(given, ["beta"]),
    }),
  },
  {
    source: "fla",
    file: "gated-delta-rule",
    cell: (sizes) => gatedDeltaNet({ ...sizes, heads: 2 }),
    params: (given) => ({
      W: kernelsOf(given, ["q", "k", "v"]),
      b: biasesOf(given, ["q", "k", "v"]),
      w: kernelsOf(given, ["beta", "a"]),
      bw: biasesOf(given, ["beta"]),
      A: given("A_log"),
      dt: given("a.bias"),
    }),
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** Weights of PyTorch's linear layers, side by side. */
const kernelsOf = (given: Named, names: readonly string[]): Tensor =>
  concat(
    names.map((name) => transpose(given(`${name}.weight`))),
    1,
  );

const biasesOf = (given: Named, names: readonly string[]): Tensor =>
  concat(
    names.map((name) => given(`${name}.bias`)),
    0,
  );
