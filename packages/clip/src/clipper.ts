import type { Tensor, Tree } from "@sluice/tensor";

/**
 * A gradient clipper: two pure functions of tensors, which therefore compile into the training step. Anyone can write
 * one; the members of this package use nothing else.
 *
 * `init` makes the state for parameters of the given shapes; `{}` where there is none. `update` returns the clipped
 * gradients, the next state, and a report of what it saw.
 */
export interface Clipper<S extends Tree = Tree, R extends Tree = Tree> {
  /** Under this name the state and the report stand in those of a chain. */
  readonly name: string;
  init(params: Tree): S;
  update<P extends Tree>(gradients: P, state: S, params: P): Clipped<P, S, R>;
}

export interface Clipped<P extends Tree, S extends Tree = Tree, R extends Tree = Tree> {
  readonly gradients: P;
  readonly state: S;
  /** Scalars only. The members here report at least {@link ClipReport}. */
  readonly report: R;
  /**
   * bool []. Where true the step is not to be made at all: whoever trains keeps the parameters and the optimizer's
   * whole state (moments and count) as they were, and ignores `gradients`. The clipper's own `state` is kept all the
   * same.
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

/** The state of a clipper that needs none. */
export type NoState = Readonly<Record<string, never>>;
