import type { InitOptions, Specs } from "@sluice/params";
import type { ArrayTensor, Tensor, Tree } from "@sluice/tensor";

/**
 * Several modalities of one example to one vector: plain data and pure functions. Anything of this form is a fusion.
 * What the modalities are (readouts of encoders, raw features) is not its concern; their widths may differ.
 */
export interface Fusion<P extends Tree = Tree, M extends string = string> {
  readonly name: string;
  /** The modalities in order, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** Width of the output. */
  readonly features: number;
  /** The parameters before they have values; their paths are the weights' names. */
  readonly params: Specs;
  init(key: ArrayTensor, options?: InitOptions): P;
  /**
   * Modalities `[batch, width]` by name, or `[batch, time, width]` to fuse every step. One that is missing in a row
   * counts by the fusion's rule; its values there, NaN included, reach neither the output nor a gradient.
   */
  apply(params: P, modalities: Readonly<Record<M, Tensor>>, options?: FuseOptions): Fused;
}

export interface FuseOptions {
  /**
   * bool `[batch, modalities]` (or `[batch, time, modalities]`), in the order of `inputs`: false where a modality is
   * missing. Default: none is.
   */
  readonly present?: Tensor;
}

export interface Fused {
  /** `[batch, features]`, or `[batch, time, features]`. */
  readonly output: Tensor;
  /** Values worth a look, by name: the gates, `gate.audio`. */
  readonly traces: Readonly<Record<string, Tensor>>;
}
