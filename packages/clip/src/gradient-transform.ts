import type { Tensor, Tree } from "@sluice/tensor";

/**
 * What happens to gradients between the backward pass and the weights: clipping, noise, momentum, weight decay, the
 * learning rate. All are this one interface, two pure functions of tensors, which therefore compile into the training
 * step. What comes out of the last transform is **subtracted** from the parameters.
 *
 * Anyone can write one; the members of this package and the optimizers of `@sluice/train` use nothing else. `chain`
 * puts several together, and `@sluice/clip/testing` checks one.
 */
export interface GradientTransform<S extends Tree = Tree, R extends Tree = Tree> {
  /** Names the state and the report in those of a chain. Without dots. */
  readonly name: string;
  /** The state before the first step, for parameters of the given shapes and dtypes; `{}` where there is none. */
  init(params: Tree): S;
  /** `gradients` and `params` have the same paths and shapes. */
  update<P extends Tree>(gradients: P, state: S, params: P, context: UpdateContext): Transformed<P, S, R>;
}

/** What a transform may use besides gradients, state and parameters. */
export interface UpdateContext {
  /** A random key of this step, i32 [2], with a stream of its own for each member of a chain. */
  readonly key: Tensor;
  /** Steps made before this one, i32 []. Skipped steps count. */
  readonly step: Tensor;
  /** The loss whose gradient this is, with its penalty; a float scalar. */
  readonly loss: Tensor;
}

export interface Transformed<P extends Tree, S extends Tree = Tree, R extends Tree = Tree> {
  /** Of the same paths, shapes and dtypes as the gradients that came in. */
  readonly gradients: P;
  /** The next state, of the same paths, shapes and dtypes as the one before. */
  readonly state: S;
  /** What the transform saw: scalars only. Clippers report at least {@link ClipReport}. */
  readonly report?: R;
  /**
   * bool []. Where true the step is not made: the parameters and the states of all other transforms stay as they were,
   * bit for bit. The transform that asks keeps the `state` that it returns, so that it can count what it skipped.
   */
  readonly skip?: Tensor;
}

/** What a clipper saw. Averaged over steps, `clipped` is the share of what was ever clipped. */
export type ClipReport = {
  /** What was compared with the limit, before clipping: a global norm, the largest |g|, the largest ratio. */
  readonly norm: Tensor;
  readonly limit: Tensor;
  /** The fraction clipped, from 0 to 1: of steps, elements or units. */
  readonly clipped: Tensor;
};

/** The state of a transform that needs none. */
export type NoState = Readonly<Record<string, never>>;
