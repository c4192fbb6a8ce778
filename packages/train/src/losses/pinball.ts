import { convert, expand, max, mul, sub, tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTensor, describe, sameShape } from "@sluice/tensor/internal";
import { keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Options of {@link pinball}. */
export interface PinballOptions extends LossOptions {
  /** The quantiles tau that the last axis of the prediction estimates, each in (0, 1). */
  readonly quantiles: readonly number[];
}

/**
 * The loss of quantile regression (Koenker and Bassett 1978), whose mean is smallest at the quantile tau:
 *
 *     max(tau (y - q), (tau - 1) (y - q))
 *
 * The prediction q is `[..., quantiles]`, the target `[...]`. The losses, and the mask, have the shape of the
 * prediction. A mean therefore divides by the number of quantiles too.
 */
export function pinball(prediction: Tensor, target: Tensor, options: PinballOptions): Tensor {
  const operation = "pinball";
  checkOptions(operation, options, [...lossOptions, "quantiles"], { quantile: "quantiles", tau: "quantiles" });
  checkTensor(operation, "the prediction", prediction);
  checkTensor(operation, "the target", target);
  const { quantiles, reduction = "mean" } = options;
  if (!Array.isArray(quantiles) || quantiles.length === 0 || !quantiles.every((tau) => tau > 0 && tau < 1))
    throw new TensorError(`${operation}: expected quantiles in (0, 1), such as [0.1, 0.5, 0.9], got ${quantiles}`);
  const { dtype, shape } = prediction;
  if (!sameShape(shape, [...target.shape, quantiles.length])) {
    throw new TensorError(
      `${operation}: the target ${describe(target)} and ${quantiles.length} quantiles need the prediction [${[...target.shape, quantiles.length].join(",")}], got ${describe(prediction)}`,
    );
  }
  const mask = maskOver(operation, options, shape, dtype);
  const y = keepWhere(mask, expand(convert(target, dtype), target.shape.length));
  const error = sub(y, keepWhere(mask, prediction));
  const tau = tensor([...quantiles], undefined, { dtype });
  return reduceLosses(operation, max(mul(error, tau), mul(error, sub(tau, 1))), reduction, { mask });
}
