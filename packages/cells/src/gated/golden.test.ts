// Gated cells against the numbers of other packages (fixtures/cells/README.md).
import { add, concat, split, tanh, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import type { CellCase } from "../../../../fixtures/cells/fixture-of.ts";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import {
  atr,
  dsgu,
  gru,
  intersectionRnn,
  janet,
  liGru,
  lightRu,
  lstm,
  memoryControllerLstm,
  mgu,
  minimalRnn,
  miru,
  mut,
  ran,
  resLstm,
  sgrn,
  sgu,
  ugrnn,
} from "../index.ts";

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
    source: "torch",
    file: "lstm-projection",
    cell: (sizes) => lstm({ ...sizes, projection: 2 }),
    params: (given) => ({ ...stacked((name) => given(`${name}_l0`)), P: transpose(given("weight_hr_l0")) }),
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
  { source: "torchrecurrent", file: "mgu", cell: (sizes) => mgu(sizes), params: stacked },
  { source: "torchrecurrent", file: "li-gru", cell: (sizes) => liGru(sizes), params: stacked },
  {
    source: "torchrecurrent",
    file: "light-ru",
    cell: (sizes) => lightRu(sizes),
    params(given) {
      const [n, f] = split(given("bias_ih"), 2);
      return { ...matrices(given), b: concat([n, add(f, given("bias_hh"))], 0) };
    },
  },
  {
    source: "torchrecurrent",
    file: "ran",
    cell: (sizes) => ran(sizes),
    params: stacked,
    states: (given) => ({ c: given("c"), h: tanh(given("c")) }),
  },
  {
    source: "torchrecurrent",
    file: "atr",
    cell: (sizes) => atr({ ...sizes, biases: 2 }),
    params: twoBiases,
  },
  { source: "torchrecurrent", file: "ugrnn", cell: (sizes) => ugrnn(sizes), params: stacked },
  {
    source: "torchrecurrent",
    file: "intersection-rnn",
    cell: (sizes) => intersectionRnn(sizes),
    params(given) {
      const { W, U, b } = stacked(given);
      const [[Wp, Wn, Wd, Wg], [Up, Un, Ud, Ug]] = [split(W, 4), split(U, 4)];
      const [bp, bn, bd, bg] = split(b, 4);
      return {
        depth: { W: concat([Wp, Wd], 1), U: concat([Up, Ud], 1), b: concat([bp, bd], 0) },
        time: { W: concat([Wn, Wg], 1), U: concat([Un, Ug], 1), b: concat([bn, bg], 0) },
      };
    },
  },
  {
    source: "torchrecurrent",
    file: "minimal-rnn",
    cell: (sizes) => minimalRnn(sizes),
    params: (given) => ({
      ...matrices(given),
      V: transpose(given("weight_mm")),
      bz: given("bias_ih"),
      bu: given("bias_hh"),
    }),
  },
  {
    source: "torchrecurrent",
    file: "res-lstm",
    cell: (sizes) => resLstm(sizes),
    params: (given) => ({
      ...stacked(given),
      p: given("weight_ph"),
      P: transpose(given("weight_proj")),
      R: transpose(given("weight_res")),
    }),
  },
  { source: "torchrecurrent", file: "mut2", cell: (sizes) => mut({ ...sizes, form: "MUT2" }), params: stacked },
  { source: "torchrecurrent", file: "mut3", cell: (sizes) => mut({ ...sizes, form: "MUT3" }), params: stacked },
  {
    source: "torchrecurrent",
    file: "miru1",
    cell: (sizes, { options }) => miru({ ...sizes, update: numberOf(options, "update_coefficient") }),
    params: stacked,
  },
  {
    source: "torchrecurrent",
    file: "miru2",
    cell: (sizes, { options }) =>
      miru({
        ...sizes,
        form: "MiRU2",
        update: numberOf(options, "update_coefficient"),
        reset: numberOf(options, "reset_coefficient"),
      }),
    params: stacked,
  },
  { source: "torchrecurrent", file: "sgrn", cell: (sizes) => sgrn({ ...sizes, biases: 2 }), params: twoBiases },
  {
    source: "torchrecurrent",
    file: "sgu",
    only: hasSigmoidGate,
    cell: (sizes) => sgu({ ...sizes, biases: 2, recurrentActivation: "sigmoid" }),
    params: twoBiases,
  },
  {
    source: "torchrecurrent",
    file: "dsgu",
    only: hasSigmoidGate,
    cell: (sizes) => dsgu({ ...sizes, biases: 2, recurrentActivation: "sigmoid" }),
    params: (given) => ({ ...twoBiases(given), V: transpose(given("weight_ho")) }),
  },
  { source: "torchrecurrent", file: "mc-lstm", cell: (sizes) => memoryControllerLstm(sizes), params: stacked },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** PyTorch's matrices: stacked and transposed. */
function matrices(given: Named): { readonly W: Tensor; readonly U: Tensor } {
  return { W: transpose(given("weight_ih")), U: transpose(given("weight_hh")) };
}

/** PyTorch's weights, with two biases whose sum is ours. */
function stacked(given: Named): { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor } {
  return { ...matrices(given), b: add(given("bias_ih"), given("bias_hh")) };
}

/** PyTorch's weights, with both biases. */
function twoBiases(given: Named) {
  return { ...matrices(given), b: given("bias_ih"), bh: given("bias_hh") };
}

/** Torchrecurrent's coefficient, 0.5 by default. */
function numberOf(options: CellCase["options"], name: string): number {
  return Number(options[name] ?? 0.5);
}

/** The derivative of PyTorch's hard sigmoid is 1/6 rounded to f32, also in f64. So its cases are left out. */
function hasSigmoidGate({ options }: CellCase): boolean {
  return options["gate_nonlinearity"] === "sigmoid";
}
