import type { Tensor, Tree } from "@sluice/tensor";

/**
 * Transforms gradients between the backward pass and the weights: clipping, noise, momentum, weight decay, the learning
 * rate. All of these use this interface: two pure functions of tensors, which compile into the training step. The
 * result of the last transform is **subtracted** from the parameters.
 *
 * You can write your own. The members of this package and the optimizers of `@sluice/train` use nothing else. `chain`
 * combines several, and `@sluice/clip/testing` checks one.
 */
export interface GradientTransform<S extends Tree = Tree, R extends Tree = Tree> {
  /** The key of the state and the report in a chain's. Without dots. */
  readonly name: string;
  /** The state before the first step, for parameters of the given shapes and dtypes; `{}` if it needs none. */
  init(params: Tree): S;
  /** Transforms the gradients of one step. `gradients` and `params` have the same paths and shapes. */
  update<P extends Tree>(gradients: P, state: S, params: P, context: UpdateContext): Transformed<P, S, R>;
}

/** What a transform can use besides gradients, state and parameters. */
export interface UpdateContext {
  /** The random key of this step, i32 [2]. Each member of a chain gets a different one. */
  readonly key: Tensor;
  /** The number of steps before this one, i32 []. Skipped steps count. */
  readonly step: Tensor;
  /** The loss whose gradient this is, including its penalty; a float scalar. */
  readonly loss: Tensor;
  /** The weight of the batch in a mean over several batches, as the loss returned it. Default 1. */
  readonly weight?: Tensor;
}

/** The result of a gradient transform. */
export interface Transformed<P extends Tree, S extends Tree = Tree, R extends Tree = Tree> {
  /** The transformed gradients, with the paths, shapes and dtypes of the given ones. */
  readonly gradients: P;
  /** The next state, with the paths, shapes and dtypes of the state before. */
  readonly state: S;
  /** What the transform measured, as scalars. Clippers report at least {@link ClipReport}. */
  readonly report?: R;
  /**
   * bool []. If true, the step is skipped: the parameters and the states of all other transforms stay unchanged, to the
   * bit. The transform that asks for it keeps the `state` that it returns, so that it can count skipped steps.
   */
  readonly skip?: Tensor;
}

/** What a clipper measured. The mean of `clipped` over steps is the fraction that was clipped. */
export type ClipReport = {
  /**
   * The value that was compared with the limit, before clipping: a global norm, the largest |g|, or the largest ratio.
   */
  readonly norm: Tensor;
  readonly limit: Tensor;
  /** The clipped fraction of steps, elements or units, from 0 to 1. */
  readonly clipped: Tensor;
};

/** The state of a transform that needs no state. */
export type NoState = Readonly<Record<string, never>>;
