import {
  and,
  convert,
  greater,
  greaterEqual,
  iota,
  less,
  max,
  mul,
  neg,
  reduceMax,
  select,
  sub,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";

export interface HorizonOptions {
  /** The part of the largest norm that still counts, over 0 and at most 1. Default 0.01. */
  readonly fraction?: number;
  /** For a layer or direction that runs backward. Default false. */
  readonly reverse?: boolean;
}

/**
 * How many steps back the gradient reaches: the distance from the last step with any gradient (that of the loss) to the
 * earliest whose norm is at least `fraction` of the largest. Norms `[..., time]` to numbers of steps `[...]` in the
 * norms' dtype: of a mean curve of {@link gradientFlow}, or, as one should where lengths differ, of every row's own
 * {@link stepNorms}. 0 where all are zero; NaN where one is not finite.
 */
export function effectiveHorizon(norms: Tensor, options: HorizonOptions = {}): Tensor {
  checkOptions("effectiveHorizon", options, ["fraction", "reverse"]);
  const { fraction = 0.01, reverse = false } = options;
  if (!(fraction > 0 && fraction <= 1))
    throw new TensorError(`effectiveHorizon: expected fraction over 0 and at most 1, got ${fraction}`);
  const axis = norms.shape.length - 1;
  const time = norms.shape[axis];
  if (time === undefined || time === 0)
    throw new TensorError("effectiveHorizon: expected norms [..., time] of at least one step");
  const largest = reduceMax(norms, axis, { keep: true });
  const some = greater(norms, 0);
  const counts = and(some, greaterEqual(norms, mul(largest, fraction)));
  // Steps in the order in which the layer took them.
  const taken = iota(norms.shape, { axis });
  const step = reverse ? sub(time - 1, taken) : taken;
  const last = reduceMax(select(some, step, -1), axis);
  const earliest = neg(reduceMax(select(counts, neg(step), -time), axis));
  const distance = convert(max(sub(last, earliest), 0), norms.dtype);
  return select(less(reduceMax(norms, axis), Infinity), distance, NaN);
}
