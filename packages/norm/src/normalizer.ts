import type { ArrayTensor, Shape, Tensor } from "@sluice/tensor";

/**
 * A normalizer of activations, as a cell uses it: plain functions over the last axis, and where in a cell they act.
 * Anyone can write one; {@link layerNorm} and {@link rmsNorm} use nothing else.
 *
 * A cell writes a preactivation as the sum of its terms, `norm("gates", [matmul(x, W), matmul(h, U), b])`, and may
 * normalize its memory before the output nonlinearity, `norm("cell", c)`. The placement says which of these tensors
 * reach `apply`.
 */
export interface Normalizer {
  readonly name: string;
  readonly placement: Placement;
  /**
   * The parameters at one place. `shape` is what `apply` will see without the batch: `[width]` for a branch or the
   * cell, `[gates, hidden]` for the gates of a sum.
   */
  params(shape: Shape): Readonly<Record<string, NormalizerParameter>>;
  /** Normalizes `x` `[batch, ...shape]` along its last axis. */
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor): Tensor;
}

export interface NormalizerParameter {
  readonly shape: Shape;
  readonly initializer: (key: ArrayTensor, shape: Shape) => ArrayTensor;
}

export interface Placement {
  /**
   * `branches`: each product of a preactivation on its own, over all its gates together: `LN(W x) + LN(U h) + b`.
   * `gates`: the whole sum, each gate on its own: `LN_i(W_i x + U_i h + b_i)`.
   */
  readonly preactivation: "branches" | "gates";
  /** Whether the memory is normalized before the output nonlinearity: `h = o tanh(LN(c))`. */
  readonly cell: boolean;
}

/** What every normalizer here can be told. */
export interface PlacementOptions {
  /** Default `branches`. */
  readonly placement?: Placement["preactivation"];
  /** Default true. */
  readonly cell?: boolean;
}

export function placementOf({ placement = "branches", cell = true }: PlacementOptions): Placement {
  return { preactivation: placement, cell };
}
