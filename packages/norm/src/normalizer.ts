import type { ArrayTensor, Shape, Tensor } from "@sluice/tensor";

/**
 * A normalizer of activations: data and pure functions. To write your own, make an object of this form; the normalizers
 * of this package use nothing else.
 *
 * A cell calls `norm("gates", [input("gates", x, W), recurrent("gates", h, U), b])` to add the terms of a
 * preactivation, and `norm("cell", c)` for its memory before the output nonlinearity. `placement` decides which of these
 * tensors `apply` gets.
 *
 * One that looks at each row by itself, such as {@link layerNorm}, needs `params` and `apply(params, x)` alone. One that
 * keeps statistics declares them as `buffers`, reads them in `apply`, and returns what it sees at a step as `observed`.
 * After the loop `update` makes the new buffers of what all steps have observed.
 */
export interface Normalizer {
  /** Used in error messages. */
  readonly name: string;
  readonly placement: Placement;
  /**
   * The parameters for one tensor that is normalized. `shape` is the shape of that tensor without the batch: `[width]`
   * for a product or the memory, `[gates, hidden]` for the gates of a sum.
   */
  params(shape: Shape, part: NormalizedPart): Readonly<Record<string, NormalizerParameter>>;
  /** The buffers for one tensor that is normalized. Default: none. */
  buffers?(shape: Shape, part: NormalizedPart): Readonly<Record<string, NormalizerBuffer>>;
  /** Whether `apply` is given `stepIndex`. Cells then have it as a state. Default false. */
  readonly stepIndex?: boolean;
  /**
   * Normalizes `x` `[batch, ...shape]` along its last axis. Returns a tensor of its shape, or that and what it observed
   * at this step, which reaches `update` and nothing else.
   */
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor, context: NormalizerContext): Tensor | Normalized;
  /**
   * The buffers after a batch in training. `observed` holds what all steps of the loop observed, each tensor stacked
   * over time, `[time, ...]`. Buffers that are left out stay as they are. No gradient flows through it.
   */
  update?(
    buffers: Readonly<Record<string, Tensor>>,
    observed: Readonly<Record<string, Tensor>>,
  ): Readonly<Record<string, Tensor>>;
}

/** What a normalizer is given besides its parameters and `x`. */
export interface NormalizerContext {
  readonly training: boolean;
  /** Its buffers, as they were before the batch. */
  readonly buffers: Readonly<Record<string, Tensor>>;
  /**
   * bool `[batch]`: the rows that have a step now: neither masked nor beyond their length. Undefined where all have
   * one. A normalizer that mixes rows must ask for it, and take nothing from other rows; one that does not ask is taken
   * to work row by row.
   */
  readonly active: () => Tensor | undefined;
  /**
   * i32 `[batch]`: how many steps each row has taken before this one, where the normalizer has `stepIndex: true`;
   * undefined otherwise.
   */
  readonly stepIndex: Tensor | undefined;
  /** A random key of this step and place, i32 [2]; an error in evaluation. */
  readonly key: () => Tensor;
}

/** A normalized tensor, and what was observed in making it. A type alias, so that it is itself a Tree. */
export type Normalized = {
  readonly output: Tensor;
  readonly observed: Readonly<Record<string, Tensor>>;
};

/** A normalizer that needs nothing but its parameters and `x`. */
export interface RowNormalizer extends Normalizer {
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor): Tensor;
}

/**
 * What a tensor that is normalized is: a product of the step's input or of a state with weights, the whole sum of a
 * preactivation with its gates apart, the memory, or another tensor.
 */
export type NormalizedPart = "input" | "recurrent" | "gates" | "cell" | "other";

/** A parameter of a normalizer. */
export interface NormalizerParameter {
  readonly shape: Shape;
  /** Makes the initial values for a key. */
  readonly initializer: (key: ArrayTensor, shape: Shape) => ArrayTensor;
}

/** A buffer of a normalizer: floats, all `initial` before the first batch. */
export interface NormalizerBuffer {
  readonly shape: Shape;
  readonly initial: number;
}

/** Where in a cell a normalizer acts. */
export interface Placement {
  /**
   * `branches`: each product separately, over all its gates together: `LN(W x) + LN(U h) + b`. `input`: of these only
   * the products of the input: `LN(W x) + U h + b`. `gates`: the whole sum, each gate separately: `LN_i(W_i x + U_i h +
   * b_i)`.
   */
  readonly preactivation: "branches" | "input" | "gates";
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
