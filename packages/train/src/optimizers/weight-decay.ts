import { add, leavesOf, mapTree, mul, TensorError, type Tensor } from "@sluice/tensor";
import { checkFunction, checkOptions } from "@sluice/tensor/internal";
import { checkNotNegative } from "../checks.ts";
import type { GradientTransform, NoState } from "@sluice/clip";

/** Which parameters decay; often `(path, w) => w.shape.length > 1`, which excludes biases and gains. */
export type Decays = (path: string, parameter: Tensor) => boolean;

/**
 * `g <- g + lambda w`. As the first member of a chain it is an L2 penalty of `lambda/2 |w|^2`; after the scaling by
 * moments it is decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101).
 */
export function weightDecay(lambda: number, options: { readonly of?: Decays } = {}): GradientTransform<NoState> {
  checkOptions("weightDecay", options, ["of"], { decays: "of", mask: "of" });
  const { of = () => true } = options;
  checkNotNegative("weightDecay", "lambda", lambda);
  checkFunction("weightDecay", "of", of);
  return {
    name: "weightDecay",
    init: () => ({}),
    update(gradients, state, params) {
      const weights = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
      const updates = mapTree(gradients, (g, path) => {
        const w = weights.get(path);
        if (w === undefined)
          throw new TensorError(`weightDecay: no parameter ${path}; there are ${[...weights.keys()].join(", ")}`);
        return of(path, w) ? add(g, mul(w, lambda)) : g;
      });
      return { gradients: updates, state };
    },
  };
}

/** The weight decay of an optimizer, by its options: a member of its chain, or none. */
export function decayOf(optimizer: string, lambda: number, decays: Decays | undefined): readonly GradientTransform[] {
  if (decays !== undefined) checkFunction(optimizer, "decays", decays);
  return lambda === 0 ? [] : [weightDecay(lambda, decays && { of: decays })];
}
