import type { ApplyOptions, Layer } from "@sluice/cells";
import type { ArrayTensor, Tensor, Tree } from "@sluice/tensor";

/** What a training step hands to a model besides parameters and batch. */
export type LogitsOptions = Pick<ApplyOptions, "training" | "key" | "perturbations">;

/** A model that tells classes apart. `E` is what it reads of a batch. */
export interface Classifier<P extends Tree, E extends Tree> {
  init(key: ArrayTensor): P;
  /** `[batch, classes]`. */
  logits(params: P, examples: E, options?: LogitsOptions): Tensor;
}

/**
 * A stack of layers from `x` `[batch, time, features]` to logits: a sequence layer with the last output, then a dense
 * one.
 */
export function sequenceClassifier<P extends Tree>(model: Layer<P>): Classifier<P, { readonly x: Tensor }> {
  return { init: (key) => model.init(key), logits: (params, { x }, options) => model.apply(params, x, options).output };
}
