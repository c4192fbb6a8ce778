// Linear recurrences against the numbers of their authors' code (fixtures/cells/README.md).
import { concat, mul, reshape, split, take, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { qrnn, rgLru, s4d, s5, selectiveStateSpace, windowedQrnn } from "../index.ts";

const poolingOf = (gate: unknown): "f" | "fo" => (gate === true ? "fo" : "f");

const cells: readonly GoldenCell[] = [
  {
    source: "authors",
    file: "qrnn",
    only: ({ options }) => options["window"] === 1,
    cell: (sizes, { options }) => qrnn({ ...sizes, pooling: poolingOf(options["output_gate"]) }),
    params: (given) => ({ W: transpose(newShare(given("linear.weight"))), b: newShare(given("linear.bias")) }),
  },
  {
    source: "authors",
    file: "qrnn",
    only: ({ options }) => options["window"] === 2,
    cell: (sizes) => windowedQrnn(sizes),
    params(given) {
      const [now, before] = split(transpose(newShare(given("linear.weight"))), 2, 0);
      return { W: concat([before, now], 0), b: newShare(given("linear.bias")) };
    },
  },
  {
    source: "authors",
    file: "rg-lru",
    cell: rgLru,
    params: (given) => ({
      W: concat([oneBlock(given, "a_gate"), oneBlock(given, "input_gate")], 1),
      b: concat([reshape(given("a_gate.b"), [4]), reshape(given("input_gate.b"), [4])]),
      Lambda: mul(given("a_param"), -1),
    }),
  },
  {
    source: "authors",
    file: "s4d",
    cell: (sizes, { options }) =>
      s4d({ ...sizes, order: 4, discretization: options["disc"] === "zoh" ? "zoh" : "bilinear" }),
    params(given) {
      const part = (name: string, which: number): Tensor => take(take(given(name), 0), which, 2);
      return {
        logA: given("A_real"),
        imA: mul(given("A_imag"), -1),
        B: { re: part("B", 0), im: part("B", 1) },
        C: { re: part("C", 0), im: part("C", 1) },
        logDelta: reshape(given("inv_dt"), [4]),
        D: given("D"),
      };
    },
  },
  {
    source: "authors",
    file: "s5",
    cell: (sizes, { options }) =>
      s5({ ...sizes, discretization: options["discretization"] === "zoh" ? "zoh" : "bilinear" }),
    params(given) {
      // Complex numbers are pairs, on the last axis.
      const part = (name: string, which: number): Tensor => transpose(take(given(name), which, 2));
      return {
        Lambda: { re: given("Lambda_re"), im: given("Lambda_im") },
        B: concat([part("B", 0), part("B", 1)], 1),
        C: concat([part("C", 0), part("C", 1)], 0),
        logDelta: reshape(given("log_step"), [2]),
        D: given("D"),
      };
    },
  },
  {
    source: "authors",
    file: "s6",
    cell: (sizes) => selectiveStateSpace({ ...sizes, order: 3, rank: 2 }),
    params: (given) => ({
      W: transpose(given("x_proj.weight")),
      V: transpose(given("dt_proj.weight")),
      b: given("dt_proj.bias"),
      logA: given("A_log"),
      D: given("D"),
    }),
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** The authors' f, the second of the blocks, is the share of the candidate, the paper's that of the memory. */
function newShare(stacked: Tensor): Tensor {
  const blocks = split(stacked, (stacked.shape[0] ?? 0) / 4, 0);
  return concat(
    blocks.map((block, i) => (i === 1 ? mul(block, -1) : block)),
    0,
  );
}

/** A block-diagonal layer of one block. */
function oneBlock(given: Named, name: string): Tensor {
  return reshape(given(`${name}.w`), [4, 4]);
}
