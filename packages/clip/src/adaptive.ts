import {
  add,
  convert,
  div,
  leavesOf,
  less,
  mapTree,
  max,
  mul,
  reduceMax,
  reshape,
  scalar,
  select,
  sum,
  type Tensor,
} from "@sluice/tensor";
import { checkFunction, checkOptions, euclideanNorm, sizeOf } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";

/** Options of {@link adaptive}. */
export interface AdaptiveOptions {
  /**
   * Lower bound of the norm of a unit's weights, so that a unit with (nearly) zero weights can still change. Default
   * 1e-3.
   */
  readonly epsilon?: number;
  /** Which parameters are clipped. Default all; the paper excludes the last linear layer. */
  readonly of?: (path: string, parameter: Tensor) => boolean;
}

/**
 * Adaptive gradient clipping (Brock et al. 2021, arXiv 2102.06171, eq. 3), unit by unit:
 *
 *     G_i <- lambda max(|W_i|, epsilon) / |G_i| G_i    where |G_i| / max(|W_i|, epsilon) > lambda
 *
 * A unit i is an index of the **last** axis, because weights are `[input, units]` here. Its norm runs over all other
 * axes. (In PyTorch's `[units, input]` the unit comes first: convert the weights, not the axis.) A tensor with one axis
 * or none (bias, gain) counts as one unit, as in the authors' code.
 *
 * Reports `{ norm, limit, clipped }`: the largest ratio |G_i| / max(|W_i|, epsilon), lambda, and the fraction of units
 * that were clipped.
 */
export function adaptive(lambda = 0.01, options: AdaptiveOptions = {}): GradientTransform<NoState, ClipReport> {
  checkOptions("adaptive", options, ["epsilon", "of"], { eps: "epsilon", exclude: "of" });
  const { epsilon = 1e-3, of = () => true } = options;
  checkPositive("adaptive", "lambda", lambda);
  checkPositive("adaptive", "epsilon", epsilon);
  checkFunction("adaptive", "of", of);
  return {
    name: "adaptive",
    init: () => ({}),
    update(gradients, state, params) {
      const weights = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
      const ratios: Tensor[] = [];
      const clipped = mapTree(gradients, (g, path) => {
        const w = weights.get(path);
        if (w === undefined || !of(path, w) || sizeOf(g.shape) === 0) return g;
        const norm = unitNorms(g);
        const allowed = max(unitNorms(w), epsilon);
        const ratio = div(norm, allowed);
        ratios.push(reshape(ratio, [sizeOf(ratio.shape)]));
        // If nothing is clipped, the quotient may be infinite; it is not used then.
        return mul(g, select(less(lambda, ratio), div(mul(allowed, lambda), norm), 1));
      });
      return { gradients: clipped, state, report: reportOf(ratios, lambda) };
    },
  };
}

/** Norms of the units, with the reduced axes kept at length 1. */
function unitNorms(x: Tensor): Tensor {
  const axes = x.shape.length <= 1 ? undefined : x.shape.slice(0, -1).map((_, axis) => axis);
  return euclideanNorm(x, axes, { keep: true });
}

function reportOf(ratios: readonly Tensor[], lambda: number): ClipReport {
  const [first, ...rest] = ratios;
  if (first === undefined) return { norm: scalar(0), limit: scalar(lambda), clipped: scalar(0) };
  const { dtype } = first;
  const beyond = (ratio: Tensor): Tensor => sum(convert(less(lambda, ratio), dtype));
  return {
    norm: rest.reduce<Tensor>((largest, ratio) => max(largest, reduceMax(ratio)), reduceMax(first)),
    limit: scalar(lambda, dtype),
    clipped: div(
      rest.reduce<Tensor>((count, ratio) => add(count, beyond(ratio)), beyond(first)),
      ratios.reduce((units, ratio) => units + sizeOf(ratio.shape), 0),
    ),
  };
}
