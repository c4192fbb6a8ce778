/** One layer of a transformer: attention, then a feed-forward network, each added to what it reads. */
import { attentionWeights, joinHeads, splitHeads } from "@sluice/cells";
import type { RowNormalizer } from "@sluice/norm";
import { bias, ones, parameter, type Initializer, type ParameterSpec } from "@sluice/params";
import { add, matmul, type Tensor } from "@sluice/tensor";
import { matrices } from "../matrices.ts";

/** Wq, Wk, Wv and Wo `[d, d]`, W1 `[d, hidden]`, b1 `[hidden]`, W2 `[hidden, d]`; all others `[d]`. */
export type AttentionLayerParams = Readonly<
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

export const gainSpec = (width: number): ParameterSpec => parameter([width], { role: "norm", initializer: ones });
export const offsetSpec = (width: number): ParameterSpec => parameter([width], { role: "norm" });

export function attentionLayerSpecs(
  d: number,
  hidden: number,
  initializer: Initializer | undefined,
): { readonly [K in keyof AttentionLayerParams]: ParameterSpec } {
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
    W1: matrix([d, hidden]),
    b1: bias([hidden]),
    W2: matrix([hidden, d]),
    b2: bias([d]),
  };
}

/** How a layer computes. */
export interface AttentionLayerOptions {
  readonly heads: number;
  readonly norm: RowNormalizer;
  activation(x: Tensor): Tensor;
  /** Which keys a query sees, bool `[batch, 1, queries or 1, keys or 1]`. Undefined: all see all. */
  readonly mask: Tensor | undefined;
  /** What dropout leaves of a value in training. */
  dropped(x: Tensor, at: "attention" | "read" | "hidden" | "feedForward"): Tensor;
  /** Gets the attention weights, before dropout, `[batch, heads, queries, keys]`; returns them. */
  weights(weights: Tensor): Tensor;
}

/**
 * The layer applied to Z `[batch, queries, d]`, which reads `source` `[batch, keys, d]`:
 *
 *     A = attention(LN1(Z), LN1(source)) + Z
 *     Z' = activation(LN2(A) W1 + b1) W2 + b2 + A
 */
export function attentionLayer(
  p: AttentionLayerParams,
  Z: Tensor,
  source: Tensor,
  { heads, norm, activation, mask, dropped, weights }: AttentionLayerOptions,
): Tensor {
  const LN1 = (x: Tensor): Tensor => norm.apply({ gain: p.gain1, bias: p.offset1 }, x);
  const LN2 = (x: Tensor): Tensor => norm.apply({ gain: p.gain2, bias: p.offset2 }, x);
  const part = (x: Tensor, W: Tensor, b: Tensor): Tensor => splitHeads(add(matmul(x, W), b), heads);
  const queries = LN1(Z);
  const keys = source === Z ? queries : LN1(source);
  const seen = weights(attentionWeights(part(queries, p.Wq, p.bq), part(keys, p.Wk, p.bk), mask));
  const read = matmul(dropped(seen, "attention"), part(keys, p.Wv, p.bv));
  const A = add(dropped(add(matmul(joinHeads(read), p.Wo), p.bo), "read"), Z);
  const hidden = dropped(activation(add(matmul(LN2(A), p.W1), p.b1)), "hidden");
  return add(dropped(add(matmul(hidden, p.W2), p.b2), "feedForward"), A);
}
