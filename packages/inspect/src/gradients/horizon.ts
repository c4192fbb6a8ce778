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
import { checkOptions, shown } from "@sluice/tensor/internal";

/** Options of {@link effectiveHorizon}. */
export interface HorizonOptions {
  /** A norm counts if it is at least this fraction of the largest. Above 0, at most 1. Default 0.01. */
  readonly fraction?: number;
  /** True for a layer or direction that runs backward. Default false. */
  readonly reverse?: boolean;
}

/**
 * How many steps back the gradient reaches: the distance from the last step with a gradient that is not 0 (usually
 * where the loss reads the output) to the earliest step whose norm is at least `fraction` of the largest.
 *
 * `norms` is `[..., time]`, such as a mean curve of {@link gradientFlow}. Where lengths differ, use the {@link
 * stepNorms} of every row instead. NaN is a missing step, which no row has. The result is `[...]`, in steps, with the
 * dtype of the norms: 0 if all norms are 0, NaN if one is infinite or all are missing. Throws a TensorError if there are
 * no steps, or if `fraction` is out of range.
 */
export function effectiveHorizon(norms: Tensor, options: HorizonOptions = {}): Tensor {
  checkOptions("effectiveHorizon", options, ["fraction", "reverse"]);
  const { fraction = 0.01, reverse = false } = options;
  if (!(fraction > 0 && fraction <= 1))
    throw new TensorError(`effectiveHorizon: fraction must be above 0 and at most 1, got ${shown(fraction)}`);
  const axis = norms.shape.length - 1;
  const time = norms.shape[axis];
  if (time === undefined || time === 0)
    throw new TensorError("effectiveHorizon: expected norms [..., time] with at least one step");
  const known = select(greaterEqual(norms, 0), norms, -1);
  const largest = reduceMax(known, axis, { keep: true });
  const some = greater(known, 0);
  const counts = and(some, greaterEqual(known, mul(largest, fraction)));
  // Steps in the order in which the layer took them.
  const taken = iota(norms.shape, { axis });
  const step = reverse ? sub(time - 1, taken) : taken;
  const last = reduceMax(select(some, step, -1), axis);
  const earliest = neg(reduceMax(select(counts, neg(step), -time), axis));
  const distance = convert(max(sub(last, earliest), 0), norms.dtype);
  const most = reduceMax(known, axis);
  return select(and(greaterEqual(most, 0), less(most, Infinity)), distance, NaN);
}
