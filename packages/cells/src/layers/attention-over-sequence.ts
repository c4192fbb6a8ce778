/** Attention of each step to all steps of its sequence that it sees. */
import {
  and,
  cumulativeSum,
  convert,
  equal,
  iota,
  keyFor,
  less,
  lessEqual,
  matmul,
  reshape,
  TensorError,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import { batchAndTime } from "../cell/axes.ts";
import { intervened } from "../cell/intervene.ts";
import type { Applied } from "../cell/over-time.ts";
import { attentionWeights, joinHeads, splitHeads } from "./attention-weights.ts";
import { linear, type AttentionParams, type AttentionState, type Attending } from "./attention-parts.ts";
import { dropout } from "./dropout.ts";
import { perturbationsOver } from "./given-inputs.ts";
import type { ApplyOptions } from "./layer.ts";
import { flagsOf, lookedAt, stepsOf } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

export function overSequence(
  params: AttentionParams,
  given: Tensor,
  options: ApplyOptions<AttentionState>,
  { heads, rate, wanted, causal }: Attending & { readonly causal: boolean },
): Applied<AttentionState> {
  if (options.carryAfter !== undefined)
    throw new TensorError(
      "attention: carryAfter needs a state, but each step reads all earlier steps, and no state holds them; bound them with `window`",
    );
  perturbationsOver("attention", options.perturbations, {}, batchAndTime(given));
  const { training = false, key } = options;
  const x = lookedAt("attention", given, options);
  const part = (W: Tensor, b: Tensor | undefined): Tensor => splitHeads(linear(x, W, b), heads);
  const [q, k, v] = [part(params.Wq, params.bq), part(params.Wk, params.bk), part(params.Wv, params.bv)];
  const computed = transpose(attentionWeights(q, k, seenOf(x, options, causal)), [0, 2, 1, 3]);
  const weights = at("attention", () => intervened(options.intervene, "weights", computed));
  const kept = training ? dropout(weights, rate, key && keyFor(key, "dropout")) : weights;
  const h = linear(joinHeads(matmul(transpose(kept, [0, 2, 1, 3]), v)), params.Wo, params.bo);
  return {
    output: repeatMasked("attention", lookedAt("attention", h, options), options),
    state: {},
    carry: {},
    buffers: options.buffers ?? {},
    traces: wanted("weights") ? { weights: lookedAt("attention", weights, options) } : {},
  };
}

/** Which keys a query sees, bool `[batch or 1, 1, queries or 1, keys]`; undefined if all see all. */
function seenOf(x: Tensor, options: ApplyOptions, causal: boolean): Tensor | undefined {
  const size = batchAndTime(x);
  const { batch, time } = size;
  const lengths = stepsOf("attention", options, size);
  const steps = iota([time]);
  const [queries, keys] = [reshape(steps, [1, 1, time, 1]), reshape(steps, [1, 1, 1, time])];
  const masks = [
    ...(lengths ? [less(keys, reshape(lengths, [batch, 1, 1, 1]))] : []),
    ...(options.mask ? [reshape(flagsOf("attention", "mask", options.mask, size), [batch, 1, 1, time])] : []),
    ...(causal ? [lessEqual(keys, queries)] : []),
    ...(options.resets ? [sameSequence(flagsOf("attention", "resets", options.resets, size))] : []),
  ];
  return masks.length === 0 ? undefined : masks.reduce((a, b) => and(a, b));
}

/** Whether no sequence begins between a query and a key, bool `[batch, 1, queries, keys]`. */
function sameSequence(resets: Tensor): Tensor {
  const { batch, time } = batchAndTime(resets);
  const sequence = cumulativeSum(convert(resets, "i32"), 1);
  return equal(reshape(sequence, [batch, 1, time, 1]), reshape(sequence, [batch, 1, 1, time]));
}
