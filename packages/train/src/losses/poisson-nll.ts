import { add, convert, exp, greater, log, max, mul, select, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkNotNegative } from "../checks.ts";
import { checkSameShape, keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Options of {@link poissonNll}. */
export interface PoissonNllOptions extends LossOptions {
  /** Whether the prediction is log(lambda), or else lambda itself. Default true. */
  readonly logInput?: boolean;
  /** Added to lambda under the logarithm if `logInput` is false. Default 1e-8. */
  readonly epsilon?: number;
  /** Add Stirling's approximation of log(y!), `y log(y) - y + log(2 pi y) / 2`, where y > 1. Default false. */
  readonly full?: boolean;
}

/**
 * Negative log-likelihood of the counts y under a Poisson distribution of rate lambda, without log(y!), as PyTorch's
 * `poisson_nll_loss`:
 *
 *     lambda - y log(lambda)
 *
 * Prediction and target have the same shape `[batch, ...]`.
 */
export function poissonNll(prediction: Tensor, target: Tensor, options: PoissonNllOptions = {}): Tensor {
  const operation = "poissonNll";
  checkOptions(operation, options, [...lossOptions, "logInput", "epsilon", "full"], {
    log_input: "logInput",
    eps: "epsilon",
  });
  checkSameShape(operation, prediction, target);
  const { logInput = true, epsilon = 1e-8, full = false, reduction = "mean" } = options;
  checkNotNegative(operation, "epsilon", epsilon);
  const { dtype } = prediction;
  const mask = maskOver(operation, options, prediction.shape, dtype);
  const x = keepWhere(mask, prediction);
  const y = keepWhere(mask, convert(target, dtype));
  const losses = logInput ? sub(exp(x), mul(y, x)) : sub(x, mul(y, log(add(x, epsilon))));
  return reduceLosses(operation, keepWhere(mask, full ? add(losses, stirling(y)) : losses), reduction, { mask });
}

/** `y log(y) - y + log(2 pi y) / 2` where y > 1, and 0 elsewhere. */
function stirling(y: Tensor): Tensor {
  const counts = max(y, 1);
  const logFactorial = add(sub(mul(counts, log(counts)), counts), mul(log(mul(counts, 2 * Math.PI)), 0.5));
  return select(greater(y, 1), logFactorial, 0);
}
