import { convert, square, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkSameShape, keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Mean squared error `(p - y)^2` over all elements. Prediction and target have the same shape `[batch, ...]`. */
export function mse(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("mse", options, lossOptions);
  checkSameShape("mse", prediction, target);
  const mask = maskOver("mse", options, prediction.shape, prediction.dtype);
  const error = sub(keepWhere(mask, prediction), keepWhere(mask, convert(target, prediction.dtype)));
  return reduceLosses("mse", square(error), options.reduction ?? "mean", { mask });
}
