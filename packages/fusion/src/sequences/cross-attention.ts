import { attentionWeights, dropout as droppedOut, joinHeads, splitHeads } from "@sluice/cells";
import type { Initializer } from "@sluice/params";
import { matmul, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, suggestion, shown } from "@sluice/tensor/internal";
import { defineFusion, timeOf } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkRate, checkSize, sequenceInputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { keysSeen } from "./keys-seen.ts";

/** Options of {@link crossAttention}. */
export interface CrossAttentionOptions<M extends string> {
  /** The two sequences, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** The sequence that attends to the other one. The output has its steps. */
  readonly query: NoInfer<M>;
  /** Width of the output; a multiple of `heads`. */
  readonly output: number;
  /** Default 1. */
  readonly heads?: number;
  /** Rate of dropout of the attention weights in training. Default 0. */
  readonly dropout?: number;
  /**
   * A query at time t sees the keys whose time is at most t. Give `times` for both modalities; if neither has them, the
   * index of a step is its time. Default false: a query sees all keys.
   */
  readonly causal?: boolean;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** Wq `[width of the queries, output]`, Wk and Wv `[width of the keys, output]`, Wo `[output, output]`. */
export type CrossAttentionParams = {
  readonly Wq: Tensor;
  readonly Wk: Tensor;
  readonly Wv: Tensor;
  readonly Wo: Tensor;
};

/**
 * Cross-modal attention (Tsai et al. 2019, "MulT", arXiv:1906.00295, equation 1), with several heads as in Vaswani et
 * al. 2017 (arXiv:1706.03762). Each step of modality a attends to all steps of modality b, whatever their number and
 * times:
 *
 *     Q = x_a Wq,   K = x_b Wk,   V = x_b Wv                each in `heads` parts of width d = output / heads
 *     head_i = softmax(Q_i K_i^T / sqrt(d)) V_i
 *     h = [head_1; ...; head_heads] Wo                       [batch, steps of a, output]
 *
 * There are no biases, as in both papers. MulT's residual connection, layer norm and feed-forward layer are not part of
 * it.
 *
 * Keys beyond the lengths of b, and missing ones, have the weight 0. The output of a query without any key is 0: if b
 * is missing or, with `causal`, before b's first step. So is the output of a query that is missing or beyond the
 * lengths of a. Trace: weights, `[batch, heads, steps of a, steps of b]`, before dropout.
 */
export function crossAttention<M extends string>(options: CrossAttentionOptions<M>): Fusion<CrossAttentionParams, M>;
export function crossAttention(options: CrossAttentionOptions<string>): Fusion<CrossAttentionParams> {
  const { inputs, query, source, output, heads, rate, causal, initializer } = checked(options);
  const matrix = matrices(initializer);
  const [a, b] = [inputs[query]!.width, inputs[source]!.width];
  return defineFusion({
    name: "crossAttention",
    inputs,
    features: output,
    params: {
      Wq: matrix([a, output]),
      Wk: matrix([b, output]),
      Wv: matrix([b, output]),
      Wo: matrix([output, output]),
    },
    outputShape: (size) => [size.batch, timeOf("crossAttention", query, size), output],
    fuse({ Wq, Wk, Wv, Wo }, modalities, { training, key, trace }) {
      const [queries, keys] = [modalities[query]!, modalities[source]!];
      const project = (x: Tensor, W: Tensor): Tensor => splitHeads(matmul(x, W), heads);
      const mask = keysSeen(queries, keys, causal);
      const weights = trace("weights", attentionWeights(project(queries.x, Wq), project(keys.x, Wk), mask));
      const kept = training ? droppedOut(weights, rate, key("dropout")) : weights;
      const h = matmul(joinHeads(matmul(kept, project(keys.x, Wv))), Wo);
      return {
        output: h,
        ...(queries.lengths && { lengths: queries.lengths }),
        ...(queries.times && { times: queries.times }),
      };
    },
  });
}

function checked(options: CrossAttentionOptions<string>) {
  checkOptions(
    "crossAttention",
    options,
    ["inputs", "query", "output", "heads", "dropout", "causal", "kernelInitializer"],
    { hidden: "output", units: "output", features: "output", target: "query", numHeads: "heads" },
  );
  const { query, heads = 1, causal = false, kernelInitializer: initializer } = options;
  const inputs = sequenceInputs("crossAttention", options.inputs);
  const names = Object.keys(inputs);
  const source = names.find((name) => name !== query);
  if (names.length !== 2 || source === undefined)
    throw new TensorError(`crossAttention: expected two modalities in inputs, got ${names.join(", ")}`);
  if (!names.includes(query))
    throw new TensorError(`crossAttention: unknown query ${String(query)}; ${suggestion(String(query), names)}`);
  const output = checkSize("crossAttention", "output", options.output);
  checkSize("crossAttention", "heads", heads);
  if (output % heads !== 0)
    throw new TensorError(`crossAttention: output must be a multiple of heads (${heads}), got ${shown(output)}`);
  const rate = checkRate("crossAttention", "dropout", options.dropout);
  return { inputs, query, source, output, heads, rate, causal, initializer };
}
