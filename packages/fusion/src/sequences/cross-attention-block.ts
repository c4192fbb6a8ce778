import { attentionWeights, dropout as droppedOut, joinHeads, splitHeads } from "@sluice/cells";
import { layerNorm } from "@sluice/norm";
import { bias, ones, parameter, type Initializer, type ParameterSpec } from "@sluice/params";
import { add, matmul, relu, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown, suggestion } from "@sluice/tensor/internal";
import { defineFusion, timeOf } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, pairOf } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { keysSeen } from "./keys-seen.ts";

/** Options of {@link crossAttentionBlock}. */
export interface CrossAttentionBlockOptions<M extends string> {
  /** The two sequences, and their width d, the same for both and for the output; a multiple of `heads`. */
  readonly inputs: Readonly<Record<M, number>>;
  /** The sequence that reads the other one. The output has its steps. */
  readonly query: NoInfer<M>;
  /** Default 1. */
  readonly heads?: number;
  /** The number of layers. Default 1. */
  readonly layers?: number;
  /** Rate of dropout of the attention weights in training. Default 0; the authors' code has 0.1 for all three. */
  readonly dropout?: number;
  /** Rate of dropout of the hidden units of the feed-forward networks in training. Default 0. */
  readonly reluDropout?: number;
  /** Rate of dropout of what is added to the sequence in training. Default 0. */
  readonly residualDropout?: number;
  /** As for {@link crossAttention}. Default false. */
  readonly causal?: boolean;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** Wq, Wk, Wv and Wo `[d, d]`, W1 `[d, 4 d]`, b1 `[4 d]`, W2 `[4 d, d]`; all others `[d]`. */
export type CrossAttentionLayerParams = Readonly<
  Record<
    | "Wq"
    | "Wk"
    | "Wv"
    | "Wo"
    | "bq"
    | "bk"
    | "bv"
    | "bo"
    | "gain1"
    | "offset1"
    | "gain2"
    | "offset2"
    | "W1"
    | "b1"
    | "W2"
    | "b2",
    Tensor
  >
>;

/** The parameters of each layer, and gain and offset `[d]` of the last norm. */
export type CrossAttentionBlockParams = {
  readonly layers: readonly CrossAttentionLayerParams[];
  readonly gain: Tensor;
  readonly offset: Tensor;
};

/**
 * Crossmodal transformer (Tsai et al. 2019, "MulT", arXiv:1906.00295, equation 5): layer after layer, sequence a reads
 * sequence b, which stays as it was given. With Z_0 = x_a, and for each layer i:
 *
 *     A_i = CM(LN1(Z_(i-1)), LN1(x_b)) + Z_(i-1)         CM: attention of several heads, with biases
 *     Z_i = relu(LN2(A_i) W1 + b1) W2 + b2 + A_i         4 d hidden units
 *     h = LN(Z_last)                                     [batch, steps of a, d]
 *
 * This is the authors' code (github.com/yaohungt/Multimodal-Transformer, `modules/transformer.py`), in which it differs
 * from the paper: the paper adds LN1(Z_(i-1)) and LN2(A_i) where the code adds Z_(i-1) and A_i, has no biases in CM
 * and no norm after the last layer. One norm of a layer, LN1, serves queries and keys. Before the layers the code
 * multiplies both sequences by sqrt(d) and adds positions; here `x` is what comes of that, the Z_0 of the paper. With
 * `causal` the code also lets a query see as many later keys as the numbers of steps differ by; here it sees none.
 *
 * Keys beyond the lengths of b, and missing ones, have the weight 0; without any key, attention adds bo only. The
 * output of a query that is missing or beyond the lengths of a is 0. Traces: weights.0, weights.1, ..., of each layer,
 * `[batch, heads, steps of a, steps of b]`, before dropout.
 */
export function crossAttentionBlock<M extends string>(
  options: CrossAttentionBlockOptions<M>,
): Fusion<CrossAttentionBlockParams, M>;
export function crossAttentionBlock(options: CrossAttentionBlockOptions<string>): Fusion<CrossAttentionBlockParams> {
  const { inputs, query, source, width, heads, layers, rates, causal, initializer } = checked(options);
  const norm = layerNorm();
  return defineFusion({
    name: "crossAttentionBlock",
    inputs,
    features: width,
    params: {
      layers: Array.from({ length: layers }, () => layerSpecs(width, initializer)),
      gain: gainSpec(width),
      offset: offsetSpec(width),
    },
    outputShape: (size) => [size.batch, timeOf("crossAttentionBlock", query, size), width],
    fuse(params, modalities, { training, key, trace }) {
      const [queries, keys] = [modalities[query]!, modalities[source]!];
      const mask = keysSeen(queries, keys, causal);
      const dropped = (x: Tensor, kind: keyof typeof rates, place: string): Tensor =>
        training ? droppedOut(x, rates[kind], key(place)) : x;
      const layer = (Z: Tensor, p: CrossAttentionLayerParams, i: number): Tensor => {
        const LN1 = (x: Tensor): Tensor => norm.apply({ gain: p.gain1, bias: p.offset1 }, x);
        const LN2 = (x: Tensor): Tensor => norm.apply({ gain: p.gain2, bias: p.offset2 }, x);
        const [a, b] = [LN1(Z), LN1(keys.x)];
        const part = (x: Tensor, W: Tensor, bias: Tensor): Tensor => splitHeads(add(matmul(x, W), bias), heads);
        const weights = attentionWeights(part(a, p.Wq, p.bq), part(b, p.Wk, p.bk), mask);
        const kept = dropped(trace(`weights.${i}`, weights), "attention", `attention.${i}`);
        const CM = add(matmul(joinHeads(matmul(kept, part(b, p.Wv, p.bv))), p.Wo), p.bo);
        const A = add(dropped(CM, "residual", `read.${i}`), Z);
        const hidden = dropped(relu(add(matmul(LN2(A), p.W1), p.b1)), "relu", `relu.${i}`);
        return add(dropped(add(matmul(hidden, p.W2), p.b2), "residual", `feedForward.${i}`), A);
      };
      const Z = params.layers.reduce(layer, queries.x);
      const h = norm.apply({ gain: params.gain, bias: params.offset }, Z);
      return {
        output: queries.present === undefined ? h : select(queries.present, h, 0),
        ...(queries.lengths && { lengths: queries.lengths }),
        ...(queries.times && { times: queries.times }),
      };
    },
  });
}

const gainSpec = (width: number): ParameterSpec => parameter([width], { role: "norm", initializer: ones });
const offsetSpec = (width: number): ParameterSpec => parameter([width], { role: "norm" });

function layerSpecs(
  d: number,
  initializer: Initializer | undefined,
): { readonly [K in keyof CrossAttentionLayerParams]: ParameterSpec } {
  const matrix = matrices(initializer);
  return {
    Wq: matrix([d, d]),
    Wk: matrix([d, d]),
    Wv: matrix([d, d]),
    Wo: matrix([d, d]),
    bq: bias([d]),
    bk: bias([d]),
    bv: bias([d]),
    bo: bias([d]),
    gain1: gainSpec(d),
    offset1: offsetSpec(d),
    gain2: gainSpec(d),
    offset2: offsetSpec(d),
    W1: matrix([d, 4 * d]),
    b1: bias([4 * d]),
    W2: matrix([4 * d, d]),
    b2: bias([d]),
  };
}

const known = [
  "inputs",
  "query",
  "heads",
  "layers",
  "dropout",
  "reluDropout",
  "residualDropout",
  "causal",
  "kernelInitializer",
];

function checked(options: CrossAttentionBlockOptions<string>) {
  const name = "crossAttentionBlock";
  checkOptions(name, options, known, {
    target: "query",
    numHeads: "heads",
    depth: "layers",
    attnDropout: "dropout",
    attentionDropout: "dropout",
    resDropout: "residualDropout",
    attnMask: "causal",
  });
  const { query, heads = 1, layers = 1, causal = false, kernelInitializer: initializer } = options;
  const rates = {
    attention: rateOf("dropout", options.dropout),
    relu: rateOf("reluDropout", options.reluDropout),
    residual: rateOf("residualDropout", options.residualDropout),
  };
  const inputs = inputsOf(name, options.inputs, "sequence");
  const names = pairOf(name, inputs);
  const source = names.find((other) => other !== query);
  if (!names.includes(query) || source === undefined)
    throw new TensorError(`${name}: unknown query ${String(query)}; ${suggestion(String(query), names)}`);
  const vector = names.find((of) => inputs[of]?.kind !== "sequence");
  if (vector !== undefined) throw new TensorError(`${name}: ${vector} is a vector, expected a sequence`);
  const [width = 0, other = 0] = [inputs[query]?.width, inputs[source]?.width];
  if (width !== other)
    throw new TensorError(
      `${name}: the two sequences must have one width, got ${width} for ${query} and ${other} for ${source}; map one to the other's with an encoder, such as conv1d`,
    );
  checkSize(name, "heads", heads);
  checkSize(name, "layers", layers);
  if (width % heads !== 0)
    throw new TensorError(`${name}: the width must be a multiple of heads (${heads}), got ${width}`);
  return { inputs, query, source, width, heads, layers, rates, causal, initializer };
}

function rateOf(option: string, rate = 0): number {
  if (rate >= 0 && rate < 1) return rate;
  throw new TensorError(`crossAttentionBlock: ${option} must be a rate from 0 to less than 1, got ${shown(rate)}`);
}
