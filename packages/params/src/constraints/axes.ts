import type { Tensor } from "@sluice/tensor";

/** The axes over which a norm runs. */
export interface NormAxes {
  /**
   * The axes over which each norm is taken. Default: all but the last, like Keras's `axis=0`. Weights are
   * `[input, units]`, so the weights into each unit are one vector. A tensor of one axis is one vector.
   */
  readonly axes?: readonly number[];
}

/** The axes of a weight over which norms are taken; undefined for all. */
export function normAxes(weight: Tensor, { axes }: NormAxes): readonly number[] | undefined {
  return axes ?? (weight.shape.length <= 1 ? undefined : weight.shape.slice(0, -1).map((_, axis) => axis));
}
