import { add, convert, div, log, max, square, sub, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTensor, hasMembers, logF64, shown } from "@sluice/tensor/internal";
import { checkPositive } from "../checks.ts";
import {
  checkBroadcasts,
  checkSameShape,
  keepWhere,
  lossOptions,
  maskOver,
  reduceLosses,
  type LossOptions,
} from "./reduce.ts";

/** Options of {@link gaussianNll}. */
export interface GaussianNllOptions extends LossOptions {
  /** The smallest variance, above 0: a smaller one counts as this, and has no gradient. Default 1e-6. */
  readonly epsilon?: number;
  /** Add the constant `log(2 pi) / 2`. Default false. */
  readonly full?: boolean;
}

/** What {@link gaussianNll} compares with a target. A type alias, not an interface, so that it is itself a Tree. */
export type GaussianPrediction = {
  /** mu, `[batch, ...]` */
  readonly mean: Tensor;
  /** sigma^2, of the mean's shape, or one that broadcasts to it. */
  readonly variance: Tensor;
};

/**
 * Negative log-likelihood of the target y under a normal distribution (Nix and Weigend 1994), as PyTorch's
 * `gaussian_nll_loss`:
 *
 *     (log(sigma^2) + (y - mu)^2 / sigma^2) / 2
 *
 * The target has the shape of the mean.
 */
export function gaussianNll(prediction: GaussianPrediction, target: Tensor, options: GaussianNllOptions = {}): Tensor {
  const operation = "gaussianNll";
  if (!hasMembers(prediction, { mean: "object", variance: "object" }))
    throw new TensorError(
      `${operation}: the prediction is ${shown(prediction)}, expected tensors { mean, variance } of one shape`,
    );
  const { mean, variance } = prediction;
  checkOptions(operation, options, [...lossOptions, "epsilon", "full"], { eps: "epsilon" });
  checkSameShape(operation, mean, target);
  checkTensor(operation, "the variance", variance);
  const { dtype, shape } = mean;
  checkBroadcasts(operation, "the variance", variance, shape);
  const { epsilon = 1e-6, full = false, reduction = "mean" } = options;
  checkPositive(operation, "epsilon", epsilon);
  const mask = maskOver(operation, options, shape, dtype);
  const error = sub(keepWhere(mask, convert(target, dtype)), keepWhere(mask, mean));
  const sigma2 = max(keepWhere(mask, convert(variance, dtype)), epsilon);
  const losses = div(add(log(sigma2), div(square(error), sigma2)), 2);
  return reduceLosses(operation, full ? add(losses, logF64(2 * Math.PI) / 2) : losses, reduction, { mask });
}
