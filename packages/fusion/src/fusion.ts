import type { Extras, InputSpec } from "@sluice/cells";
import type { BufferSpecs, InitialBuffersOptions, InitOptions, Specs } from "@sluice/params";
import type { ArrayTensor, Shape, Tensor, Tree } from "@sluice/tensor";

/**
 * Fuses several modalities of an example: plain data and pure functions. Any object of this form is a fusion, and
 * {@link defineFusion} makes one from its equations. A modality can be an encoder's output or raw features, and widths
 * may differ.
 */
export interface Fusion<P extends Tree = Tree, M extends string = string> {
  /** The name of the fusion, such as `gmu`. */
  readonly name: string;
  /** The modalities in order, with their specs. */
  readonly inputs: Readonly<Record<M, ModalitySpec>>;
  /** Whether all sequences share one time axis: step t is the same moment in each of them. */
  readonly aligned: boolean;
  /** Width of the output. */
  readonly features: number;
  /** The parameters' shapes and initializers; their paths are the names of the weights. */
  readonly params: Specs;
  /** The specs of the buffers, such as those of a model's encoders; `{}` if there are none. */
  readonly buffers: BufferSpecs;
  /** Draws the initial parameters from a key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /** The buffers before training: what `apply` takes as `buffers`. */
  initialBuffers(options?: InitialBuffersOptions): Tree;
  /** The shape of the output for a batch, given the number of steps of each sequence. */
  outputShape(size: FusionSize<M>): Shape;
  /**
   * Fuses modalities given by name. Each fusion documents how it treats a missing modality. Values of a missing
   * modality and of steps beyond a length, even NaN, reach neither the output nor a gradient. Throws a TensorError if a
   * modality is unknown or absent, or has the wrong shape.
   */
  apply(params: P, modalities: Readonly<Record<M, Modality>>, options?: FuseOptions): Fused;
}

/** The spec of a modality: one vector per example, `[batch, width]`, or a sequence of them, `[batch, time, width]`. */
export interface ModalitySpec {
  readonly kind: "vector" | "sequence";
  readonly width: number;
  /**
   * Shape and dtype of one example (and step), if it is not f32 `[width]`: token ids, or an image. An encoder reads it.
   */
  readonly x?: InputSpec;
  /** What the encoder of a sequence reads besides `x`, for one example and step. */
  readonly extra?: Extras;
}

/** One modality of a batch: a tensor, or a tensor with what is known about it. */
export type Modality = Tensor | DescribedModality;

/** A modality with its lengths, its times and where it is present. */
export interface DescribedModality {
  /** `[batch, width]`, or `[batch, time, width]` for a sequence. */
  readonly x: Tensor;
  /** The number of steps of each row of a sequence, i32 `[batch]` or numbers. Default: every row has all steps. */
  readonly lengths?: Tensor | readonly number[];
  /** The time of each step of a sequence, `[batch, time]`, in any unit that all modalities share. */
  readonly times?: Tensor;
  /**
   * bool `[batch]`: false where the row misses the modality. A sequence also takes bool `[batch, time]`: false where
   * the step is missing. Default: nothing is missing.
   */
  readonly present?: Tensor;
  /** What the encoder of a sequence reads besides `x`, `[batch, time, ...]`, by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
}

/** The size of a batch: the number of rows, and of the steps of each sequence. */
export interface FusionSize<M extends string = string> {
  readonly batch: number;
  readonly time?: Readonly<Partial<Record<M, number>>>;
}

/** Options of a fusion's `apply`. */
export interface FuseOptions {
  /** Default false: evaluation, which draws nothing. */
  readonly training?: boolean;
  /** The random key for training with dropout; use a new one for each training step. */
  readonly key?: Tensor;
  /**
   * The fusion's buffers: `initialBuffers()`, or those that the last training step returned. Required if it has any.
   */
  readonly buffers?: Tree;
  /** Which traces to collect: all (`true`), or these names. Default: none. */
  readonly traces?: boolean | readonly string[];
}

/** The result of a fusion. It is also a modality for another one: `{ x: output, lengths, times }`. */
export interface Fused {
  /** `[batch, features]`, or `[batch, time, features]`: a sequence. */
  readonly output: Tensor;
  /** i32 `[batch]`: the number of steps of a sequence output. Beyond it the output is 0. Absent: all steps. */
  readonly lengths?: Tensor;
  /** `[batch, time]`: the times of an output that is a sequence, if its modality has them. */
  readonly times?: Tensor;
  /** Further outputs by name, such as the variance of a product of experts. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The buffers for the next training step. In evaluation they are returned unchanged. */
  readonly buffers: Tree;
  /** Traced intermediate values by name, such as the gate `gate.audio`. */
  readonly traces: Readonly<Record<string, Tensor>>;
}
