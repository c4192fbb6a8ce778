import type { ArrayTensor, Shape, Tensor } from "@sluice/tensor";

/**
 * A normalizer of activations: data and pure functions. To write your own, make an object of this form; the normalizers
 * of this package use nothing else.
 *
 * A cell calls `norm("gates", [input("gates", x, W), recurrent("gates", h, U), b])` to add the terms of a
 * preactivation, and `norm("cell", c)` for its memory before the output nonlinearity. `placement` decides which of
 * these tensors `apply` gets.
 *
 * A normalizer that treats each row by itself, such as {@link layerNorm}, needs only `params` and `apply(params, x)`.
 * One that keeps statistics declares them as `buffers`, reads them in `apply`, and returns what it observes in a step
 * as `observed`. After the loop, `update` computes the new buffers from the observations of all steps.
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
  /** Whether `apply` gets `stepIndex`. Cells then keep it as a state. Default false. */
  readonly stepIndex?: boolean;
  /**
   * Normalizes `x` `[batch, ...shape]` along its last axis. Returns a tensor of the same shape, or
   * `{ output, observed }`; `observed` is used only by `update`.
   */
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor, context: NormalizerContext): Tensor | Normalized;
  /**
   * Computes the buffers after a training batch. `observed` holds the observations of all steps of the loop, each
   * tensor stacked over time, `[time, ...]`. Buffers that are left out do not change. No gradient flows through it.
   */
  update?(
    buffers: Readonly<Record<string, Tensor>>,
    observed: Readonly<Record<string, Tensor>>,
  ): Readonly<Record<string, Tensor>>;
}

/** What a normalizer gets besides its parameters and `x`. */
export interface NormalizerContext {
  readonly training: boolean;
  /** Its buffers, as they were before the batch. */
  readonly buffers: Readonly<Record<string, Tensor>>;
  /**
   * bool `[batch]`: the rows that take this step, neither masked nor beyond their length. Undefined if all do. A
   * normalizer that mixes rows must read it and ignore all other rows; a normalizer that does not read it is assumed to
   * work row by row.
   */
  readonly active: () => Tensor | undefined;
  /**
   * i32 `[batch]`: the number of steps that each row has taken before this one. Undefined unless the normalizer has
   * `stepIndex: true`.
   */
  readonly stepIndex: Tensor | undefined;
  /** A random key of this step and place, i32 [2]; an error in evaluation. */
  readonly key: () => Tensor;
}

/** A normalized tensor, and what was observed at this step. A type alias, so that it is itself a Tree. */
export type Normalized = {
  readonly output: Tensor;
  readonly observed: Readonly<Record<string, Tensor>>;
};

/** A normalizer that needs only its parameters and `x`. */
export interface RowNormalizer extends Normalizer {
  apply(params: Readonly<Record<string, Tensor>>, x: Tensor): Tensor;
}

/**
 * The kind of a normalized tensor: a product of the step's input or of a state with weights, the whole sum of a
 * preactivation split into gates, the memory, or another tensor.
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
   * `branches`: each product separately, over all its gates together: `LN(W x) + LN(U h) + b`. `input`: only the
   * products of the input: `LN(W x) + U h + b`. `gates`: the whole sum, each gate separately:
   * `LN_i(W_i x + U_i h + b_i)`.
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
