// Dynamical and orthogonal cells against the numbers of other packages (fixtures/cells/README.md).
import { cayleyParametrization, exponentialParametrization } from "@sluice/params";
import { add, concat, gather, mul, reshape, sliceAxis, split, tensor, transpose, type Tensor } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { antisymmetricRnn, coRnn, gatedAntisymmetricRnn, indRnn, lem, reparametrize, rnn, unicornn } from "../index.ts";

const cells: readonly GoldenCell[] = [
  {
    source: "torchrecurrent",
    file: "ind-rnn",
    cell: (sizes, { options }) =>
      indRnn({ ...sizes, activation: options["nonlinearity"] === "relu" ? "relu" : "tanh" }),
    params: (given) => ({ W: transpose(given("weight_ih")), u: given("vector_u"), b: sumOfBiases(given) }),
  },
  {
    source: "torchrecurrent",
    file: "antisymmetric-rnn",
    cell: (sizes, { options }) => antisymmetricRnn({ ...sizes, ...stepAndDiffusion(options) }),
    params: (given) => ({
      W: transpose(given("weight_ih")),
      U: transpose(given("weight_hh")),
      b: sumOfBiases(given),
    }),
  },
  {
    source: "torchrecurrent",
    file: "gated-antisymmetric-rnn",
    cell: (sizes, { options }) => gatedAntisymmetricRnn({ ...sizes, ...stepAndDiffusion(options) }),
    params(given) {
      const [z, n] = split(given("bias_ih"), 2);
      return {
        W: transpose(given("weight_ih")),
        U: transpose(given("weight_hh")),
        b: concat([z, add(n, given("bias_hh"))]),
      };
    },
  },
  {
    source: "torchrecurrent",
    file: "cornn",
    cell: (sizes, { options: { dt = 0.1, gamma = 1, epsilon = 1 } }) =>
      coRnn({ ...sizes, dt: Number(dt), gamma: Number(gamma), epsilon: Number(epsilon) }),
    params: (given) => ({
      W: transpose(given("weight_ih")),
      U: transpose(given("weight_hh")),
      V: transpose(given("weight_ch")),
      b: add(sumOfBiases(given), given("bias_ch")),
    }),
    states: (given) => ({ y: given("h"), z: given("c") }),
  },
  {
    source: "rusch",
    file: "cornn",
    cell: (sizes, { options: { dt, gamma, epsilon } }) =>
      coRnn({ ...sizes, dt: Number(dt), gamma: Number(gamma), epsilon: Number(epsilon) }),
    params(given) {
      const weights = transpose(given("i2h.weight"));
      const rows = (from: number, to: number): Tensor => sliceAxis(weights, 0, from, to);
      return { W: rows(0, 3), V: rows(3, 7), U: rows(7, 11), b: given("i2h.bias") };
    },
  },
  {
    source: "rusch",
    file: "lem",
    cell: (sizes, { options }) => lem({ ...sizes, dt: Number(options["dt"]) }),
    params(given) {
      const [We, Wd, Wy, Wz] = split(transpose(given("inp2hid.weight")), 4);
      const [Ue, Ud, Uz] = split(transpose(given("hid2hid.weight")), 3);
      const [be, bd, by, bz] = split(given("inp2hid.bias"), 4);
      const [he, hd, hz] = split(given("hid2hid.bias"), 3);
      return {
        W: concat([Wd, We, Wz, Wy]),
        U: concat([Ud, Ue, Uz]),
        V: transpose(given("transform_z.weight")),
        b: concat([add(bd, hd), add(be, he), add(bz, hz), add(by, given("transform_z.bias"))]),
      };
    },
  },
  {
    source: "torchrecurrent",
    file: "unicornn",
    cell: (sizes, { options: { dt = 0.1, alpha = 0 } }) => unicornn({ ...sizes, dt: Number(dt), alpha: Number(alpha) }),
    params: (given, { options }) => ({
      W: transpose(given("weight_ih")),
      u: given("weight_hh"),
      c: given("weight_ch"),
      b: options["recurrent_bias"] === true ? sumOfBiases(given) : given("bias_ih"),
    }),
    states: (given) => ({ y: given("h"), z: given("c") }),
  },
  {
    source: "torch",
    file: "orthogonal-cayley",
    cell: (sizes) => reparametrize(rnn(sizes), { recurrent: cayleyParametrization() }),
    // PyTorch's Q is (I - X / 2)^-1 (I + X / 2).
    params: (given) => ({
      W: transpose(given("weight_ih")),
      U: { skew: mul(-0.5, belowDiagonal(given("parametrizations.weight_hh.original"))) },
      b: sumOfBiases(given),
    }),
  },
  {
    source: "torch",
    file: "orthogonal-matrix-exp",
    cell: (sizes) => reparametrize(rnn(sizes), { recurrent: exponentialParametrization() }),
    params: (given) => ({
      W: transpose(given("weight_ih")),
      U: { skew: belowDiagonal(given("parametrizations.weight_hh.original")) },
      b: sumOfBiases(given),
    }),
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

/** Two biases whose sum is ours. */
function sumOfBiases(given: Named): Tensor {
  return add(given("bias_ih"), given("bias_hh"));
}

/** torchrecurrent's defaults are 1 and 0. */
function stepAndDiffusion({ epsilon = 1, gamma = 0 }: Readonly<Record<string, unknown>>): {
  readonly epsilon: number;
  readonly gamma: number;
} {
  return { epsilon: Number(epsilon), gamma: Number(gamma) };
}

/** The numbers below the diagonal of a matrix [4, 4], row by row. */
function belowDiagonal(X: Tensor): Tensor {
  return gather(reshape(X, [16]), tensor([4, 8, 9, 12, 13, 14], [6], { dtype: "i32" }));
}
