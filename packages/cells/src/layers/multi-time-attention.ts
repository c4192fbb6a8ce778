import {
  convert,
  div,
  equal,
  exp,
  greater,
  matmul,
  max,
  reduceMax,
  reshape,
  select,
  sum,
  TensorError,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, checkTensor, describe, sameShape, zerosArray } from "@sluice/tensor/internal";
import { belowBest, joinHeads, splitHeads } from "./attention-weights.ts";

/** What {@link multiTimeAttention} compares and averages. */
export interface MultiTimeAttentionParts {
  /** `[batch, queries, width]`, or `[1, queries, width]` if they are the same for all rows. */
  readonly queries: Tensor;
  /** `[batch, time, width]`. */
  readonly keys: Tensor;
  /** `[batch, time, channels]`. */
  readonly values: Tensor;
  /** Which values were observed, bool `[batch, time, channels]`. Default: all. */
  readonly mask?: Tensor;
}

/**
 * How far below the best score of a query others count as such: their weights, at most e^-40 of the best one's, are
 * less than the rounding of a sum. With a limit, a channel that was observed only there still has a mean.
 */
const LOWEST_SCORE = -40;

/**
 * Multi-time attention (Shukla and Marlin 2021, arXiv:2101.10318, section 3): means of irregular observations at the
 * times of queries, of each channel over the steps at which it was observed.
 *
 *     a[q, t]    = queries_q keys_t^T / sqrt(width / heads)         of each head's part of queries and keys
 *     y[q, c]    = sum_t m[t, c] exp(a[q, t]) values[t, c] / sum_t m[t, c] exp(a[q, t])
 *
 * The result is `[batch, queries, heads * channels]`, the heads one after another. These are the numbers of
 * `multiTimeAttention` in the authors' code (reml-lab/mTAN), before its last linear layer, with this difference: where
 * a channel was never observed, the result is 0 instead of the mean of what stands in the place of its values. Values
 * that were not observed reach neither results nor gradients, NaN included.
 *
 * Weights are not kept for each channel: time and memory are those of attention without masks. Therefore scores more
 * than 40 below the best one of a query, over all steps at which anything was observed, are raised to 40 below it.
 */
export function multiTimeAttention(parts: MultiTimeAttentionParts, options: { readonly heads?: number } = {}): Tensor {
  checkOptions("multiTimeAttention", options, ["heads"], { numHeads: "heads" });
  const { heads = 1 } = options;
  const { queries, keys, values, mask } = checkedParts(parts);
  const [batch = 0, time = 0, channels = 0] = values.shape;
  const count = queries.shape[1] ?? 0;
  const [q, k] = [splitHeads(queries, heads), splitHeads(keys, heads)];
  const d = q.shape[3] ?? 1;
  if (time === 0) return zerosArray([batch, count, heads * channels], values.dtype);
  const scores = div(matmul(q, transpose(k, [0, 1, 3, 2])), Math.sqrt(d));
  const any = mask && reshape(greater(reduceMax(convert(mask, values.dtype), 2), 0), [batch, 1, 1, time]);
  const e = reshape(exp(max(belowBest(scores, any), LOWEST_SCORE)), [batch, heads * count, time]);
  const observed = mask === undefined ? values : select(mask, values, 0);
  const total = mask === undefined ? sum(e, -1, { keep: true }) : matmul(e, convert(mask, values.dtype));
  const means = div(matmul(e, observed), select(equal(total, 0), 1, total));
  return joinHeads(reshape(means, [batch, heads, count, channels]));
}

function checkedParts(parts: MultiTimeAttentionParts): MultiTimeAttentionParts {
  checkOptions("multiTimeAttention", parts, ["queries", "keys", "values", "mask"], { query: "queries", key: "keys" });
  const { queries, keys, values, mask } = parts;
  for (const [name, part] of Object.entries({ queries, keys, values, mask })) {
    if (name === "mask" && part === undefined) continue;
    checkTensor("multiTimeAttention", name, part);
    if (part.shape.length !== 3)
      throw new TensorError(`multiTimeAttention: ${name} must have three axes, got ${describe(part)}`);
  }
  const [batch = 0, time = 0] = values.shape;
  if (!sameShape(keys.shape.slice(0, 2), [batch, time]))
    throw new TensorError(
      `multiTimeAttention: keys ${describe(keys)} and values ${describe(values)} differ in batch or time`,
    );
  if (queries.shape[2] !== keys.shape[2] || (queries.shape[0] !== 1 && queries.shape[0] !== batch))
    throw new TensorError(
      `multiTimeAttention: queries must be [${batch} or 1, queries, ${keys.shape[2]}] to fit the keys ${describe(keys)}, got ${describe(queries)}`,
    );
  if (mask !== undefined && (mask.dtype !== "bool" || !sameShape(mask.shape, values.shape)))
    throw new TensorError(
      `multiTimeAttention: the mask must be bool ${describe(values)}, like the values, got ${mask.dtype} ${describe(mask)}`,
    );
  return parts;
}
