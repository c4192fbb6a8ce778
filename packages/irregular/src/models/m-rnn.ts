import { gru, sequence, type LayerParams } from "@sluice/cells";
import { bias, checkParameters, initialize, kernel, parameter, randomNormal } from "@sluice/params";
import type { InitOptions, Specs } from "@sluice/params";
import { add, broadcastTo, concat, convert, keyFor, matmul, mul, pad, reshape } from "@sluice/tensor";
import {
  select,
  sigmoid,
  sliceAxis,
  tensor,
  TensorError,
  transpose,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { checkKey, checkOptions, shown } from "@sluice/tensor/internal";
import { elapsedBothWays, observedIn, type Observed, type ObservedExamples } from "./observed.ts";

/** Options of {@link mRnn}. */
export interface MRnnOptions {
  /** The number of variables. */
  readonly variables: number;
  /** The number of units of each direction, for each variable. */
  readonly hidden: number;
  /** Whether one recurrent network interpolates all variables, as in PyPOTS. Default false: each has its own. */
  readonly shared?: boolean;
  /**
   * Whether the interpolation at a step leaves out what was observed there, as in the paper, so that it is an estimate
   * also where there is a value. Default true; PyPOTS does not.
   */
  readonly leaveOut?: boolean;
  /** Whether the last layer is a matrix, as in PyPOTS, or has a weight for each variable. Default "diagonal". */
  readonly readout?: "diagonal" | "matrix";
}

const both = (cell: ReturnType<typeof gru>) => ({
  forward: sequence(cell),
  backward: sequence(cell, { reverse: true }),
});

type GruParams = LayerParams<ReturnType<typeof both>["forward"]>;

/** The network that interpolates a variable: two GRUs, and W `[2 hidden, 1]`, b `[1]`. */
type Interpolation = {
  readonly forward: GruParams;
  readonly backward: GruParams;
  readonly W: Tensor;
  readonly b: Tensor;
};

/**
 * The parameters of {@link mRnn}: a network for each variable, or one, and of the imputation U, V1, V2 `[variables,
 * variables]`, beta, alpha `[variables]`, and W `[variables]`, or `[variables, variables]`.
 */
export type MRnnParams = {
  readonly interpolation: readonly Interpolation[];
  readonly imputation: { readonly [K in "U" | "V1" | "V2" | "beta" | "W" | "alpha"]: Tensor };
};

/** What {@link mRnn} gives, `[batch, time, variables]` each. */
export type MRnnOutput = {
  /** The estimates of the interpolation. */
  readonly interpolated: Tensor;
  /** The estimates of the imputation. */
  readonly estimated: Tensor;
  /** What was observed, and these estimates elsewhere. */
  readonly imputed: Tensor;
};

/** A model of `fit`. */
export interface MRnnModel {
  readonly kind: "mRnn";
  readonly variables: number;
  readonly params: Specs;
  /** Makes the parameters with their initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): MRnnParams;
  /** Fills in the missing values of a batch. */
  apply(params: MRnnParams, examples: ObservedExamples, options?: object): { readonly output: MRnnOutput };
}

/**
 * M-RNN (Yoon, Zame and van der Schaar 2019, arXiv:1711.08742): a model that fills in the missing values of series, from
 * each variable over time, and then from the other variables of the step.
 *
 *     z^d      = [x^d, mask^d, delta^d]                                   of each variable d, delta of the direction
 *     f, b     = GRU over z^d up to step t - 1, GRU over z^d from the end down to step t + 1
 *     x~^d     = [f, b] W^d + b^d                                         interpolation
 *     z~       = mask x + (1 - mask) x~
 *     h        = sigmoid(x U + z~ V1 + mask V2 + beta)                    U and V1 have zeros on their diagonals
 *     x^       = sigmoid(W h + alpha)                                     imputation
 *     imputed  = mask x + (1 - mask) x^
 *
 * x^ lies between 0 and 1, so scale the variables to that range (`fitScaler(train, { scaling: "min-max" })`). The loss is
 * {@link mRnnLoss}. Series are `[batch, time, variables]`, with lengths in any order; beyond them all outputs are 0. What
 * was not observed reaches nothing.
 *
 * The recurrent networks of the paper are simple; both the authors' code (jsyoon0823/MRNN) and PyPOTS use GRUs, as here.
 * Of these, the authors' trains the two parts one after the other, fills in the first steps by the next observation, and
 * gives the backward network the forward delta. PyPOTS has one network for all variables (`shared: true`), shows it the
 * step that it estimates (`leaveOut: false`), and reads h by a matrix (`readout: "matrix"`), through which an observed
 * value reaches its own estimate. With `shared: false` the program has two loops for each variable.
 */
export function mRnn(options: MRnnOptions): MRnnModel {
  const { variables, hidden, shared, leaveOut, readout } = checked(options);
  const cell = gru({ input: 3, hidden });
  const layers = both(cell);
  const linear = { W: kernel([2 * hidden, 1]), b: bias([1]) };
  const specs = imputationSpecs(variables, readout);
  const count = shared ? 1 : variables;
  const params = {
    interpolation: Array.from({ length: count }, () => ({ forward: cell.params, backward: cell.params, ...linear })),
    imputation: specs,
  };
  return {
    kind: "mRnn",
    variables,
    params,
    init(key, initOptions) {
      checkKey("init", key);
      return {
        interpolation: Array.from({ length: count }, (_, i) => {
          const own = keyFor(key, `interpolation.${i}`);
          return {
            forward: cell.init(keyFor(own, "forward"), initOptions),
            backward: cell.init(keyFor(own, "backward"), initOptions),
            ...initialize(linear, own, initOptions),
          };
        }),
        imputation: initialize(specs, keyFor(key, "imputation"), initOptions),
      };
    },
    apply(weights, examples) {
      checkParameters("mRnn", params, weights, examples.x);
      const observed = observedIn("mRnn", examples, variables);
      const streams = streamsOf(observed, examples.elapsed, leaveOut);
      const interpolated = shared
        ? interpolateAll(layers, weights.interpolation[0], streams, observed)
        : interpolateEach(layers, weights.interpolation, streams, observed);
      const estimated = select(observed.within, impute(weights.imputation, interpolated, observed), 0);
      const imputed = select(observed.mask, observed.x, estimated);
      return { output: { interpolated, estimated, imputed } };
    },
  };
}

/** What the networks of each direction read, `[batch, time, variables, 3]`. */
interface Streams {
  readonly forward: Tensor;
  readonly backward: Tensor;
}

function streamsOf(observed: Observed, elapsed: Tensor | undefined, leaveOut: boolean): Streams {
  const { x, mask } = observed;
  const { since, until } = elapsedBothWays("mRnn", observed, elapsed);
  const streamOf = (delta: Tensor): Tensor => {
    const parts = [x, convert(mask, x.dtype), delta].map((part) => reshape(part, [...x.shape, 1]));
    return concat(parts, 3);
  };
  const [forward, backward] = [streamOf(since), streamOf(until)];
  const time = x.shape[1] ?? 0;
  if (!leaveOut || time === 0) return { forward, backward };
  return {
    forward: pad(sliceAxis(forward, 1, 0, time - 1), [0, 1, 0, 0], [0, 0, 0, 0]),
    backward: pad(sliceAxis(backward, 1, 1, time), [0, 0, 0, 0], [0, 1, 0, 0]),
  };
}

type Layers = ReturnType<typeof both>;

/** The estimates `[rows, time]` of streams `[rows, time, 3]`. */
function interpolate(
  layers: Layers,
  { forward, backward, W, b }: Interpolation,
  streams: Streams,
  lengths: Tensor | undefined,
): Tensor {
  const given = lengths === undefined ? {} : { lengths };
  const h = concat(
    [
      layers.forward.apply(forward, streams.forward, given).output,
      layers.backward.apply(backward, streams.backward, given).output,
    ],
    2,
  );
  return reshape(add(matmul(h, W), b), h.shape.slice(0, 2));
}

function interpolateEach(
  layers: Layers,
  networks: readonly Interpolation[],
  { forward, backward }: Streams,
  { x, within, lengths }: Observed,
): Tensor {
  const of = (stream: Tensor, d: number): Tensor =>
    reshape(sliceAxis(stream, 2, d, d + 1), [...x.shape.slice(0, 2), 3]);
  const estimates = networks.map((network, d) =>
    reshape(interpolate(layers, network, { forward: of(forward, d), backward: of(backward, d) }, lengths), [
      ...x.shape.slice(0, 2),
      1,
    ]),
  );
  return select(within, concat(estimates, 2), 0);
}

/** One network reads the variables as rows. */
function interpolateAll(
  layers: Layers,
  network: Interpolation | undefined,
  { forward, backward }: Streams,
  { x, within, lengths }: Observed,
): Tensor {
  const [batch = 0, time = 0, variables = 0] = x.shape;
  if (network === undefined) throw new TensorError("mRnn: no network");
  const asRows = (stream: Tensor): Tensor => reshape(transpose(stream, [0, 2, 1, 3]), [batch * variables, time, 3]);
  const ofRows = lengths && reshape(broadcastTo(reshape(lengths, [batch, 1]), [batch, variables]), [batch * variables]);
  const rows = interpolate(layers, network, { forward: asRows(forward), backward: asRows(backward) }, ofRows);
  return select(within, transpose(reshape(rows, [batch, variables, time]), [0, 2, 1]), 0);
}

function impute(
  { U, V1, V2, beta, W, alpha }: MRnnParams["imputation"],
  estimates: Tensor,
  observed: Observed,
): Tensor {
  const { x, mask } = observed;
  const others = offDiagonal(U);
  const filled = select(mask, x, estimates);
  const sums = [matmul(x, mul(U, others)), matmul(filled, mul(V1, others)), matmul(convert(mask, x.dtype), V2)];
  const h = sigmoid(
    add(
      sums.reduce((a, b) => add(a, b)),
      beta,
    ),
  );
  return sigmoid(add(W.shape.length === 1 ? mul(h, W) : matmul(h, W), alpha));
}

/** Zeros on the diagonal of a square matrix like W, and ones elsewhere. */
function offDiagonal({ shape, dtype }: Tensor): Tensor {
  const [n = 0] = shape;
  return tensor(
    Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) !== 0)),
    shape,
    { dtype },
  );
}

/** Specs of the imputation, which begin as in the authors' code. */
function imputationSpecs(variables: number, readout: "diagonal" | "matrix") {
  const matrix = kernel([variables, variables]);
  const vector = parameter([variables], { role: "bias", initializer: randomNormal({ deviation: 1 }) });
  return {
    U: matrix,
    V1: matrix,
    V2: matrix,
    beta: vector,
    W: readout === "diagonal" ? vector : matrix,
    alpha: vector,
  };
}

function checked(options: MRnnOptions) {
  checkOptions("mRnn", options, ["variables", "hidden", "shared", "leaveOut", "readout"], {
    input: "variables",
    features: "variables",
  });
  const { variables, hidden, shared = false, leaveOut = true, readout = "diagonal" } = options;
  if (!(Number.isInteger(variables) && variables >= 1))
    throw new TensorError(`mRnn: variables must be an integer >= 1, got ${shown(variables)}`);
  for (const [name, flag] of Object.entries({ shared, leaveOut }))
    if (typeof flag !== "boolean") throw new TensorError(`mRnn: ${name} must be true or false, got ${shown(flag)}`);
  if (readout !== "diagonal" && readout !== "matrix")
    throw new TensorError(`mRnn: readout is ${shown(readout)}, expected "diagonal" or "matrix"`);
  return { variables, hidden, shared, leaveOut, readout };
}
