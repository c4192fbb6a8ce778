import { div, equal, mul, reshape, select, TensorError, type Tensor } from "@sluice/tensor";
import { euclideanNorm, showShape, sizeOf } from "@sluice/tensor/internal";
import { parameter } from "../parameter.ts";
import type { Reparametrization } from "./reparametrization.ts";

/** The parameters of {@link weightNorm}. */
export type WeightNormParameters = { readonly direction: Tensor; readonly gain: Tensor };

/**
 * Weight normalization (Salimans and Kingma 2016, arXiv:1602.07868): `w = g v / |v|` for the weights into each unit, a
 * column of `[input, units]`, so that length and direction are trained separately.
 *
 * Parameters: `direction` v, of the weight's shape, and `gain` g `[units]`, initially `|v|`, so the initial weights are
 * unchanged. If the initial weights into a unit are zeros, the gain is 0 and the direction is the same for all inputs.
 *
 * PyTorch's `weight_norm` is this, with `dim=0` of its transposed weights.
 */
export function weightNorm(): Reparametrization<WeightNormParameters> {
  return {
    name: "weightNorm",
    params({ constraint: _, ...weight }) {
      const { shape } = weight;
      const units = shape.at(-1);
      if (shape.length < 2 || units === undefined || sizeOf(shape) === 0)
        throw new TensorError(`weightNorm: expected weights [input, units], got ${showShape(shape)}`);
      return { direction: weight, gain: parameter([units]) };
    },
    initial(weight) {
      const norms = lengths(weight);
      const inputs = sizeOf(weight.shape.slice(0, -1));
      return { direction: select(equal(norms, 0), 1 / Math.sqrt(inputs), weight), gain: norms };
    },
    weight: ({ direction, gain }) => mul(direction, div(gain, lengths(direction))),
  };
}

/** The length of the weights into each unit, `[units]`. */
function lengths(weight: Tensor): Tensor {
  const over = weight.shape.slice(0, -1).map((_, axis) => axis);
  return reshape(euclideanNorm(weight, over), weight.shape.slice(-1));
}
