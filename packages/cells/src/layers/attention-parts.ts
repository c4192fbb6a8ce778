/** What the two ways of attention share. */
import { add, matmul, type Tensor } from "@sluice/tensor";
import type { OverTime } from "../cell/over-time.ts";

/**
 * Wq, Wk and Wv `[input, output]`, Wo `[output, output]`; bq, bk, bv and bo `[output]`. The heads stand side by side in
 * the columns.
 */
export type AttentionParams = {
  readonly Wq: Tensor;
  readonly Wk: Tensor;
  readonly Wv: Tensor;
  readonly Wo: Tensor;
  readonly bq?: Tensor;
  readonly bk?: Tensor;
  readonly bv?: Tensor;
  readonly bo?: Tensor;
};

/** The last keys and values with a `window`; `{}` without one. */
export type AttentionState = { readonly past?: Tensor };

/** How attention is computed, and which traces are asked for. */
export interface Attending extends Pick<OverTime, "wanted" | "wantedState"> {
  readonly heads: number;
  /** The rate of dropout of the weights. */
  readonly rate: number;
}

/** `x W + b`, or `x W`. */
export function linear(x: Tensor, W: Tensor, b: Tensor | undefined): Tensor {
  const y = matmul(x, W);
  return b === undefined ? y : add(y, b);
}
