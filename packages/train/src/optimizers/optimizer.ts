import type { Tree } from "@sluice/tensor";

/**
 * An optimizer: two pure functions of tensors, which therefore compile into the training step. Anyone can write one;
 * the members of this package use nothing else. `init` makes the state for parameters of the given shapes; `update`
 * returns what is to be **added** to the parameters, and the next state.
 *
 * Optimizers chain: each sees the updates of the one before it where the first sees the gradients, so momentum, weight
 * decay and the learning rate are optimizers too.
 */
export interface Optimizer<S extends Tree = Tree> {
  /** Under this name the state stands in that of a chain. */
  readonly name: string;
  init(params: Tree): S;
  update<P extends Tree>(gradients: P, state: S, params: P): { readonly updates: P; readonly state: S };
}
