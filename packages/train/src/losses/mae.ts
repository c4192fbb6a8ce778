import { abs, convert, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkSameShape, keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Mean absolute error `|p - y|` over all elements. Prediction and target have the same shape `[batch, ...]`. */
export function mae(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("mae", options, lossOptions);
  checkSameShape("mae", prediction, target);
  const mask = maskOver("mae", options, prediction.shape, prediction.dtype);
  const error = sub(keepWhere(mask, prediction), keepWhere(mask, convert(target, prediction.dtype)));
  return reduceLosses("mae", abs(error), options.reduction ?? "mean", { mask });
}
