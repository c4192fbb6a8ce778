import {
  div,
  exp,
  greater,
  matmul,
  mul,
  reduceMax,
  reshape,
  select,
  stopGradient,
  sub,
  sum,
  TensorError,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, checkTensor, showShape, shown } from "@sluice/tensor/internal";

/**
 * Softmax over the last axis of the scores where `mask` is true. Elsewhere the result is 0, and so is a whole row
 * without a true mask. Masked scores reach neither results nor gradients.
 */
function maskedSoftmax(scores: Tensor, mask: Tensor | undefined): Tensor {
  if (scores.shape.at(-1) === 0) return scores;
  const e = exp(belowBest(scores, mask));
  const kept = mask === undefined ? e : select(mask, e, 0);
  const total = sum(kept, -1, { keep: true });
  return div(kept, mask === undefined ? total : select(greater(total, 0), total, 1));
}

/** Less than any score. */
const LOWEST = -1e30;

/** How far each score is from the best one of the last axis, where `mask` is true; far below it elsewhere. */
export function belowBest(scores: Tensor, mask: Tensor | undefined): Tensor {
  const counted = mask === undefined ? scores : select(mask, scores, LOWEST);
  return sub(counted, stopGradient(reduceMax(counted, -1, { keep: true })));
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, equation 1): the weights `softmax(q k^T /
 * sqrt(d))` `[..., queries, keys]`, for q `[..., queries, d]` and k `[..., keys, d]`. `mask`, bool of the weights'
 * shape or one that broadcasts to it, says which keys a query sees. Option: `scale`, in the place of `1 / sqrt(d)`.
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  mask: Tensor | undefined,
  options: { readonly scale?: number } = {},
): Tensor {
  checkTensor("attentionWeights", "q", q);
  checkTensor("attentionWeights", "k", k);
  checkOptions("attentionWeights", options, ["scale"]);
  if (k.shape.length < 2)
    throw new TensorError(`attentionWeights: expected k [..., keys, d], got ${showShape(k.shape)}`);
  const { scale = 1 / Math.sqrt(q.shape.at(-1) ?? 1) } = options;
  const axes = k.shape.map((_, axis) => axis);
  const kT = transpose(k, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  return maskedSoftmax(mul(matmul(q, kT), scale), mask);
}

/** `[batch, time, width]` to `[batch, heads, time, width / heads]`. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  checkAxes("splitHeads", x, ["batch", "time", "width"]);
  const [batch = 0, time = 0, width = 0] = x.shape;
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
    throw new TensorError(`splitHeads: expected a number of heads that divides ${width}, got ${shown(heads)}`);
  return transpose(reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
}

/** The inverse of {@link splitHeads}. */
export function joinHeads(x: Tensor): Tensor {
  checkAxes("joinHeads", x, ["batch", "heads", "time", "width"]);
  const [batch = 0, heads = 0, time = 0, d = 0] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, time, heads * d]);
}

function checkAxes(operation: string, x: Tensor, axes: readonly string[]): void {
  checkTensor(operation, "x", x);
  if (x.shape.length !== axes.length)
    throw new TensorError(`${operation}: expected x [${axes.join(", ")}], got ${showShape(x.shape)}`);
}
