// Gated cells against the numbers of their authors' code (fixtures/cells/README.md).
import { layerNorm } from "@sluice/norm";
import { add, concat, reshape, sliceAxis, split, tensor, transpose, type Tensor, type Tree } from "@sluice/tensor";
import { test } from "vitest";
import type { CellCase } from "../../../../fixtures/cells/fixture-of.ts";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { hyperLstm, massConservingLstm, mogrifierLstm, nas, onLstm, ran, rhn } from "../index.ts";

const cells: readonly Omit<GoldenCell, "source">[] = [
  {
    file: "mc-lstm",
    cell: (sizes, { options }) => massConservingLstm({ ...sizes, mass: Number(options["in_dim"]) }),
    params(given, { options }) {
      const gates = ["in_gate", "redistribution", "out_gate"];
      const weights = besides(gates.map((gate) => transpose(given(`${gate}.connections.weight`))));
      const auxiliary = Number(options["aux_dim"]);
      return {
        W: sliceAxis(weights, 0, 0, auxiliary),
        U: sliceAxis(weights, 0, auxiliary, auxiliary + 4),
        b: concat(gates.map((gate) => given(`${gate}.connections.bias`))),
      };
    },
  },
  {
    file: "on-lstm",
    cell: (sizes, { options }) => onLstm({ ...sizes, chunk: Number(options["chunk_size"]) }),
    params: orderedNeurons,
    states: (given) => ({ h: given("h"), c: reshape(given("c"), [2, 4]) }),
  },
  {
    file: "hyper-lstm",
    cell: (sizes, { options }) =>
      hyperLstm({
        ...sizes,
        hyperUnits: 3,
        embedding: 2,
        ...(options["use_layer_norm"] === true && { norm: layerNorm({ placement: "gates", epsilon: 1e-3 }) }),
      }),
    params: hyper,
    states(given) {
      const part = (name: string, from: number, to: number): Tensor => sliceAxis(given(name), 1, from, to);
      return { h: part("h", 0, 4), c: part("c", 0, 4), hyper: { h: part("h", 4, 7), c: part("c", 4, 7) } };
    },
  },
  {
    file: "nas",
    cell: (sizes, { options }) => nas({ ...sizes, bias: options["use_bias"] === true }),
    params: (given, { options }) => ({
      W: thirdLast(given("kernel")),
      U: thirdLast(given("recurrent_kernel")),
      ...(options["use_bias"] === true && { b: thirdLast(given("bias")) }),
    }),
  },
  {
    file: "mogrifier-lstm",
    cell: (sizes, { options }) =>
      mogrifierLstm({
        ...sizes,
        rounds: Number(options["feature_mask_rounds"]),
        ...("feature_mask_rank" in options && { rank: Number(options["feature_mask_rank"]) }),
      }),
    params: mogrifier,
  },
  {
    file: "ran",
    cell: (sizes, { options }) => ran({ ...sizes, activation: options["use_tanh"] === true ? "tanh" : "linear" }),
    params(given) {
      const gates = given("RANCell/gates/w");
      return {
        W: concat([given("RANCell/content/w"), sliceAxis(gates, 0, 0, 3)], 1),
        U: sliceAxis(gates, 0, 3, 7),
        b: given("RANCell/gates/b"),
      };
    },
  },
  {
    file: "rhn",
    cell: (sizes) => rhn({ ...sizes, depth: 3 }),
    params(given) {
      const both = (name: string, layer: number): Tensor[] =>
        ["h", "t"].map((part) => given(`${part}_${layer}/Linear/${name}`));
      const [matrix0, ...matrices] = [0, 1, 2].map((layer) => besides(both("Matrix", layer)));
      if (matrix0 === undefined) throw new Error("the network has no layers");
      return {
        W: sliceAxis(matrix0, 0, 0, 3),
        layers: [sliceAxis(matrix0, 0, 3, 7), ...matrices].map((U, layer) => ({ U, b: concat(both("Bias", layer)) })),
      };
    },
  },
];

for (const { name, run } of goldenTests(cells.map((cell) => ({ source: "authors", ...cell })))) test(name, run);

/** The authors' gates stand in the order g, o, f, i. */
function mogrifier(given: Named, { options }: CellCase): Tree {
  const cell = (name: string): Tensor => given(`TiledLSTMCell/${name}`);
  const ordered = (stacked: Tensor): Tensor => {
    const axis = stacked.shape.length - 1;
    const [g, o, f, i] = split(stacked, 4, axis);
    return concat([i, f, g, o], axis);
  };
  const round = (i: number): Tree =>
    "feature_mask_rank" in options
      ? { left: cell(`fm_${i}_weight_a`), right: cell(`fm_${i}_weight_b`) }
      : cell(`fm_${i}/kernel`);
  const rounds = Array.from({ length: Number(options["feature_mask_rounds"]) }, (_, i) => i);
  return {
    W: ordered(sliceAxis(cell("W"), 0, 0, 3)),
    U: ordered(sliceAxis(cell("W"), 0, 3, 7)),
    b: ordered(cell("B")),
    Q: rounds.filter((i) => i % 2 === 0).map(round),
    R: rounds.filter((i) => i % 2 === 1).map(round),
  };
}

/** Node 3, whose products are multiplied, is the last of ours. */
function thirdLast(stacked: Tensor): Tensor {
  const axis = stacked.shape.length - 1;
  const nodes = split(stacked, 8, axis);
  return concat([...nodes.slice(0, 3), ...nodes.slice(4), ...nodes.slice(3, 4)], axis);
}

/** The authors' order: the master gates of input and forgetting, then o, n, i, f. */
function orderedNeurons(given: Named, { options }: CellCase): Tree {
  const n = 4 / Number(options["chunk_size"]);
  const block = (from: number, to: number): Tree => ({
    W: transpose(sliceAxis(given("ih.0.weight"), 0, from, to)),
    U: transpose(sliceAxis(given("hh.weight"), 0, from, to)),
    b: add(sliceAxis(given("ih.0.bias"), 0, from, to), sliceAxis(given("hh.bias"), 0, from, to)),
  });
  const ordered = (name: string, axis: number): Tensor => {
    const [o, c, i, f] = split(sliceAxis(given(name), 0, 2 * n, 2 * n + 16), 4, 0);
    return concat([i, f, c, o], axis);
  };
  return {
    W: transpose(ordered("ih.0.weight", 0)),
    U: transpose(ordered("hh.weight", 0)),
    b: add(ordered("ih.0.bias", 0), ordered("hh.bias", 0)),
    masterInput: block(0, n),
    masterForget: block(n, 2 * n),
  };
}

function hyper(given: Named, { options }: CellCase): Tree {
  const cell = (name: string): Tensor => given(`HyperLSTMCell/${name}`);
  const gates = (of: string, name: string): Tensor[] =>
    ["i", "f", "j", "o"].map((gate) => cell(`hyper_${gate}${of}/${name}`));
  const scale = (of: string): Tree => ({
    Z: besides(gates(of, "zw/super_linear_w")),
    b: concat(gates(of, "zw/super_linear_b")),
    D: gates(of, "alpha/super_linear_w"),
  });
  const bias = { Z: besides(gates("b", "zb/super_linear_w")), D: gates("b", "beta/super_linear_w") };

  const normalized = options["use_layer_norm"] === true;
  const large = { W: cell("W_xh"), U: cell("W_hh"), b: cell("bias") };
  const [ofX, ofH] = [sliceAxis(cell("LSTMCell/W_xh"), 0, 0, 3), sliceAxis(cell("LSTMCell/W_xh"), 0, 3, 7)];
  const small = { W: concat([ofH, ofX], 0), U: cell("LSTMCell/W_hh_i"), b: cell("LSTMCell/bias") };
  const norms = (gatesOf: string, cellOf: string, units: number): Tree => ({
    gates: {
      gates: {
        gain: reshape(inOrder(cell(`${gatesOf}/ln_gamma`)), [4, units]),
        bias: reshape(open(inOrder(cell(`${gatesOf}/ln_beta`)), units), [4, units]),
      },
    },
    cell: { state: { gain: cell(`${cellOf}/ln_gamma`), bias: cell(`${cellOf}/ln_beta`) } },
  });
  return {
    ...lstmOf(large, normalized ? undefined : 4),
    scale: { h: scale("h"), x: scale("x"), b: bias },
    ...(normalized && { norm: norms("ln_all", "ln_c", 4) }),
    hyper: {
      ...lstmOf(small, normalized ? undefined : 3),
      ...(normalized && { norm: norms("LSTMCell/ln", "LSTMCell/ln_c", 3) }),
    },
  };
}

/** The authors' gates stand in the order i, g, f, o. With `units`, the 1 that they add to f is in the bias. */
function lstmOf({ W, U, b }: Record<"W" | "U" | "b", Tensor>, units: number | undefined): Record<string, Tensor> {
  return { W: inOrder(W), U: inOrder(U), b: units === undefined ? inOrder(b) : open(inOrder(b), units) };
}

function inOrder(stacked: Tensor): Tensor {
  const axis = stacked.shape.length - 1;
  const [i, g, f, o] = split(stacked, 4, axis);
  return concat([i, f, g, o], axis);
}

/** 1 more for the gate f. */
function open(b: Tensor, units: number): Tensor {
  const data = Array.from({ length: 4 * units }, (_, at) => Number(at >= units && at < 2 * units));
  return add(b, tensor(data, [4 * units], { dtype: "f64" }));
}

function besides(matrices: readonly Tensor[]): Tensor {
  return concat(matrices, 1);
}
