import { abs, convert, div, min, mul, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkPositive } from "../checks.ts";
import { checkSameShape, keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Options of {@link huber}. */
export interface HuberOptions extends LossOptions {
  /** delta, the error from which on the loss is linear. Default 1. */
  readonly delta?: number;
}

/**
 * Huber's loss (Huber 1964) of the error a = p - y, as PyTorch's:
 *
 *     a^2 / 2                   if |a| <= delta
 *     delta (|a| - delta / 2)   otherwise
 *
 * computed as `c (|a| - c / 2)` with `c = min(|a|, delta)`. Prediction and target have the same shape `[batch, ...]`.
 */
export function huber(prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  checkOptions("huber", options, [...lossOptions, "delta"], { beta: "delta" });
  checkSameShape("huber", prediction, target);
  const { delta = 1, reduction = "mean" } = options;
  checkPositive("huber", "delta", delta);
  const mask = maskOver("huber", options, prediction.shape, prediction.dtype);
  const a = abs(sub(keepWhere(mask, prediction), keepWhere(mask, convert(target, prediction.dtype))));
  const c = min(a, delta);
  return reduceLosses("huber", mul(c, sub(a, div(c, 2))), reduction, { mask });
}
