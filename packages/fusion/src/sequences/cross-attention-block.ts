import { dropout as droppedOut } from "@sluice/cells";
import { layerNorm } from "@sluice/norm";
import type { Initializer } from "@sluice/params";
import { relu, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { defineFusion, timeOf } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkHeads, checkRate, checkSize, pairOf, sequenceInputs } from "../inputs.ts";
import {
  attentionLayer,
  attentionLayerSpecs,
  gainSpec,
  offsetSpec,
  type AttentionLayerParams,
} from "./attention-layer.ts";
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

/** The parameters of each layer, and gain and offset `[d]` of the last norm. */
export type CrossAttentionBlockParams = {
  readonly layers: readonly AttentionLayerParams[];
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
      layers: Array.from({ length: layers }, () => attentionLayerSpecs(width, 4 * width, initializer)),
      gain: gainSpec(width),
      offset: offsetSpec(width),
    },
    outputShape: (size) => [size.batch, timeOf("crossAttentionBlock", query, size), width],
    fuse(params, modalities, { training, key, trace }) {
      const [queries, keys] = [modalities[query]!, modalities[source]!];
      const mask = keysSeen(queries, keys, causal);
      const layer = (Z: Tensor, p: AttentionLayerParams, i: number): Tensor =>
        attentionLayer(p, Z, keys.x, {
          heads,
          norm,
          activation: relu,
          mask,
          dropped: (x, at) => (training ? droppedOut(x, rates[at], key(`${at}.${i}`)) : x),
          weights: (weights) => trace(`weights.${i}`, weights),
        });
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
  const residual = checkRate(name, "residualDropout", options.residualDropout);
  const rates = {
    attention: checkRate(name, "dropout", options.dropout),
    read: residual,
    hidden: checkRate(name, "reluDropout", options.reluDropout),
    feedForward: residual,
  };
  const inputs = sequenceInputs(name, options.inputs);
  const names = pairOf(name, inputs);
  const source = names.find((other) => other !== query);
  if (!names.includes(query) || source === undefined)
    throw new TensorError(`${name}: unknown query ${String(query)}; ${suggestion(String(query), names)}`);
  const [width = 0, other = 0] = [inputs[query]?.width, inputs[source]?.width];
  if (width !== other)
    throw new TensorError(
      `${name}: the two sequences must have one width, got ${width} for ${query} and ${other} for ${source}; map one to the other's with an encoder, such as conv1d`,
    );
  checkHeads(name, width, heads);
  checkSize(name, "layers", layers);
  return { inputs, query, source, width, heads, layers, rates, causal, initializer };
}
