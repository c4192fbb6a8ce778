import type { InitOptions, Specs } from "@sluice/params";
import type { ArrayTensor, Tensor, Tree } from "@sluice/tensor";

/**
 * Fuses several modalities of an example into one vector: plain data and pure functions. Any object of this form is a
 * fusion. A modality can be an encoder's output or raw features, and widths may differ.
 */
export interface Fusion<P extends Tree = Tree, M extends string = string> {
  /** The name of the fusion, such as `gated`. */
  readonly name: string;
  /** The modalities in order, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** Width of the output. */
  readonly features: number;
  /** The parameters' shapes and initializers; their paths are the names of the weights. */
  readonly params: Specs;
  /** Draws the initial parameters from a key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /**
   * Fuses modalities given by name: `[batch, width]`, or `[batch, time, width]` to fuse every step. Each fusion says
   * what it does about a missing modality. The values given for it, even NaN, reach neither the output nor a gradient.
   * Throws a TensorError if a modality is unknown or absent, or has the wrong shape.
   */
  apply(params: P, modalities: Readonly<Record<M, Tensor>>, options?: FuseOptions): Fused;
}

/** Options of a fusion's `apply`. */
export interface FuseOptions {
  /**
   * bool `[batch, modalities]` (or `[batch, time, modalities]`), in the order of `inputs`: false where a modality is
   * missing. Default: none is missing.
   */
  readonly present?: Tensor;
}

/** The result of a fusion. */
export interface Fused {
  /** `[batch, features]`, or `[batch, time, features]`. */
  readonly output: Tensor;
  /** Intermediate values to look at, by name, such as the gate `gate.audio`. */
  readonly traces: Readonly<Record<string, Tensor>>;
}
