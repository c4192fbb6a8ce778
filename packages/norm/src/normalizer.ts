import type { ArrayTensor, Shape, Tensor } from "@sluice/tensor";

/**
 * A normalizer of activations: functions that normalize the last axis, and where in a cell they act. To write your own,
 * make an object of this form; {@link layerNorm} and {@link rmsNorm} use nothing else.
 *
 * A cell calls `norm("gates", [matmul(x, W), matmul(h, U), b])` to add the terms of a preactivation, and `norm("cell",
 * c)` for its memory before the output nonlinearity. `placement` decides which of these tensors `apply` gets.
 */
export interface Normalizer {
  /** Used in error messages. */
  readonly name: string;
  readonly placement: Placement;
  /**
   * The parameters for one tensor that is normalized. `shape` is the shape of that tensor without the batch: `[width]`
   * for a product or the memory, `[gates, hidden]` for the gates of a sum.
   */
  params(shape: Shape): Readonly<Record<string, NormalizerParameter>>;
  /** Normalizes `x` `[batch, ...shape]` along its last axis. */
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor): Tensor;
}

/** A parameter of a normalizer. */
export interface NormalizerParameter {
  readonly shape: Shape;
  /** Makes the initial values for a key. */
  readonly initializer: (key: ArrayTensor, shape: Shape) => ArrayTensor;
}

/** Where in a cell a normalizer acts. */
export interface Placement {
  /**
   * `branches`: each product separately, over all its gates together: `LN(W x) + LN(U h) + b`. `gates`: the whole sum,
   * each gate separately: `LN_i(W_i x + U_i h + b_i)`.
   */
  readonly preactivation: "branches" | "gates";
  /** Whether the memory is normalized before the output nonlinearity: `h = o tanh(LN(c))`. */
  readonly cell: boolean;
}

/** Where a normalizer of this package acts. */
export interface PlacementOptions {
  /** Default `branches`. */
  readonly placement?: Placement["preactivation"];
  /** Default true. */
  readonly cell?: boolean;
}

/** The placement for these options, with the defaults filled in. */
export function placementOf({ placement = "branches", cell = true }: PlacementOptions): Placement {
  return { preactivation: placement, cell };
}
