import { bernoulli, convert, mul, TensorError, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { Reparametrization } from "./reparametrization.ts";

/**
 * DropConnect (Wan et al. 2013): in training each weight is 0 with probability `rate`, and kept weights are divided by
 * `1 - rate`. In evaluation all weights are kept.
 *
 * Each call of a layer draws one mask, for all steps and all rows: on recurrent weights this is the weight drop of
 * AWD-LSTM (Merity, Keskar and Socher 2017, arXiv:1708.02182). Each weight draws with a key derived from its path.
 *
 * The only parameter is the weight itself, under its own name and with its own constraint, so checkpoints are the same
 * as for the layer without DropConnect. Throws a TensorError if the rate is not in [0, 1).
 */
export function dropConnect(rate: number): Reparametrization<Tensor> {
  if (!(typeof rate === "number" && rate >= 0 && rate < 1))
    throw new TensorError(`dropConnect: the rate must lie in [0, 1), got ${shown(rate)}`);
  return {
    name: "dropConnect",
    params: (weight) => weight,
    initial: (weight) => weight,
    weight(weight, { training, key }) {
      if (!training || rate === 0) return weight;
      const kept = convert(bernoulli(key(), weight.shape, 1 - rate), weight.dtype);
      return mul(weight, mul(kept, 1 / (1 - rate)));
    },
  };
}
