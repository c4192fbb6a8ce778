// Cells that read elapsed times against the numbers of their authors' code (fixtures/cells/README.md).
import { identity } from "@sluice/params";
import { add, concat, div, full, key, mul, reshape, sum, transpose, type Tensor, type Tree } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import {
  gruFlow,
  gruOdeBayes,
  odeLstm,
  phasedLstm,
  rits,
  timeAwareLstm,
  timeLstm,
  type TimeLstmForm,
} from "../index.ts";

const cells: readonly Omit<GoldenCell, "source">[] = [
  {
    file: "ode-lstm",
    cell: (sizes, { options }) =>
      odeLstm({ ...sizes, method: options["solver_type"] === "fixed_rk4" ? "rk4" : "euler" }),
    params: (given) => ({
      ...lstmOf(given, "lstm"),
      ode: [layerOf(given, "f_node.0"), layerOf(given, "f_node.2")],
    }),
  },
  {
    file: "rits",
    cell: (sizes) => rits({ ...sizes, decayedHistory: true, combination: "linear" }),
    params: (given) => ({
      ...lstmOf(given, "rnn_cell"),
      history: layerOf(given, "hist_reg"),
      features: { W: transpose(given("feat_reg.W")), b: given("feat_reg.b") },
      combine: layerOf(given, "weight_combine"),
      wx: diagonal(given("temp_decay_x.W")),
      bx: given("temp_decay_x.b"),
      Wh: transpose(given("temp_decay_h.W")),
      bh: given("temp_decay_h.b"),
    }),
  },
  {
    file: "gru-ode-bayes",
    cell: (sizes, { options }) =>
      gruOdeBayes({
        ...sizes,
        method: options["solver"] === "euler" ? "euler" : "midpoint",
        steps: 3,
        predictionUnits: 5,
        preparedUnits: 2,
      }),
    params: (given) => ({
      // The authors' autonomous equation has no biases.
      ode: { U: kernels(given, ["gru_c.lin_hr", "gru_c.lin_hz", "gru_c.lin_hh"]), b: full([12], 0, "f64") },
      prediction: [layerOf(given, "p_model.0"), layerOf(given, "p_model.3")],
      Q: given("gru_obs.w_prep"),
      q: given("gru_obs.bias_prep"),
      gru: {
        W: transpose(given("gru_obs.gru_d.weight_ih")),
        U: transpose(given("gru_obs.gru_d.weight_hh")),
        b: given("gru_obs.gru_d.bias_ih"),
        bh: given("gru_obs.gru_d.bias_hh"),
      },
    }),
    states: (given) => ({ gru: { h: given("h") } }),
  },
  {
    file: "gru-flow",
    cell: gruFlow,
    params: (given) => ({
      flow: [0, 1].map((block) => {
        const at = `odeint.layers.${block}`;
        const matrix = (name: string): Tensor => transpose(given(`${at}.${name}.weight_orig`));
        return {
          Wz: matrix("lin_hz"),
          Wr: matrix("lin_hr"),
          Wn: matrix("lin_hh"),
          bz: given(`${at}.lin_hz.bias`),
          br: given(`${at}.lin_hr.bias`),
          bn: given(`${at}.lin_hh.bias`),
          w: reshape(given(`${at}.time_net.scale`), [4]),
        };
      }),
      gru: {
        W: transpose(given("gru.weight_ih_l0")),
        U: transpose(given("gru.weight_hh_l0")),
        b: given("gru.bias_ih_l0"),
        bh: given("gru.bias_hh_l0"),
      },
    }),
    states: (given) => ({ gru: { h: given("h") } }),
    buffers: (given) => ({
      weights: {
        flow: [0, 1].map((block) => {
          const u = (name: string): Tree => ({ spectralNorm: { u: given(`${block}.${name}.u`) } });
          return { Wz: u("lin_hz"), Wr: u("lin_hr"), Wn: u("lin_hh") };
        }),
      },
    }),
  },
  ...([1, 2, 3] satisfies TimeLstmForm[]).map((form): Omit<GoldenCell, "source"> => ({
    file: "time-lstm",
    only: ({ options }) => options["form"] === form,
    cell: (sizes) => timeLstm({ ...sizes, form }),
    params: (given) => timeLstmOf(given, form),
  })),
  {
    file: "phased-lstm",
    cell: (sizes, { options }) => phasedLstm({ ...sizes, peepholes: options["peepholes"] === true }),
    params: (given, { options }) => ({
      ...gatesOf(given, lasagneGates),
      tau: given("Period_timegate"),
      // The authors add a shift in units of time, where we take one in periods away.
      shift: mul(-1, div(given("Shift_timegate"), given("Period_timegate"))),
      r: given("On_End_timegate"),
      ...(options["peepholes"] === true && peepholesOf(given)),
    }),
  },
  {
    file: "t-lstm",
    cell: timeAwareLstm,
    params: (given) => ({
      W: besides(gates.map((gate) => given(`${gate}_Hidden_weight`))),
      U: besides(gates.map((gate) => given(`${gate}_State_weight`))),
      b: concat(gates.map((gate) => given(`${gate}_Hidden_bias`))),
      Wd: given("Decomposition_Hidden_weight"),
      bd: given("Decomposition_Hidden_bias_enc"),
    }),
  },
];

for (const { name, run } of goldenTests(cells.map((cell) => ({ source: "authors", ...cell })))) test(name, run);

/** The gates i, f, g, o of T-LSTM. */
const gates = ["Input", "Forget", "Cell", "Output"];

/** The gates i, f, g, o of Lasagne. */
const lasagneGates = ["ingate", "forgetgate", "cell", "outgate"];

function gatesOf(given: Named, names: readonly string[]): Record<"W" | "U" | "b", Tensor> {
  return {
    W: besides(names.map((gate) => given(`W_in_to_${gate}`))),
    U: besides(names.map((gate) => given(`W_hid_to_${gate}`))),
    b: concat(names.map((gate) => given(`b_${gate}`))),
  };
}

function peepholesOf(given: Named): Record<"wci" | "wcf" | "wco", Tensor> {
  return {
    wci: given("W_cell_to_ingate"),
    wcf: given("W_cell_to_forgetgate"),
    wco: given("W_cell_to_outgate"),
  };
}

function timeLstmOf(given: Named, form: TimeLstmForm): Tree {
  const row = (name: string): Tensor => reshape(given(name), [4]);
  const times = form === 1 ? ["tgate1"] : ["tgate1", "tgate2"];
  const common = {
    Wx: besides(times.map((gate) => given(`W_x_to_${gate}`))),
    bx: concat(times.map((gate) => given(`b_${gate}`))),
    Wt1: row("W_t_to_tgate1"),
    ...(form !== 1 && { Wt2: row("W_t_to_tgate2") }),
    Wto: row("W_to_to_outgate"),
  };
  if (form !== 3) return { ...common, ...gatesOf(given, lasagneGates), ...peepholesOf(given) };
  const coupled = lasagneGates.filter((gate) => gate !== "forgetgate");
  return {
    ...common,
    ...gatesOf(given, coupled),
    wci: given("W_cell_to_ingate"),
    wco: given("W_cell_to_outgate"),
  };
}

const besides = (matrices: readonly Tensor[]): Tensor => concat(matrices, 1);

/** Weights of PyTorch's linear layers, side by side. */
function kernels(given: Named, names: readonly string[]): Tensor {
  return besides(names.map((name) => transpose(given(`${name}.weight`))));
}

/** A linear layer of PyTorch. */
function layerOf(given: Named, name: string): { readonly W: Tensor; readonly b: Tensor } {
  return { W: transpose(given(`${name}.weight`)), b: given(`${name}.bias`) };
}

/** An LSTM cell of PyTorch. */
function lstmOf(given: Named, name: string): Record<"W" | "U" | "b", Tensor> {
  return {
    W: transpose(given(`${name}.weight_ih`)),
    U: transpose(given(`${name}.weight_hh`)),
    b: add(given(`${name}.bias_ih`), given(`${name}.bias_hh`)),
  };
}

function diagonal(W: Tensor): Tensor {
  return sum(mul(W, identity(key(0), W.shape, {})), 1);
}
