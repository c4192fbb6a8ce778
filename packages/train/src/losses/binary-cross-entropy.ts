import { add, convert, mul, neg, softplus, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import {
  checkBroadcasts,
  checkSameShape,
  keepWhere,
  lossOptions,
  maskOver,
  reduceLosses,
  weigh,
  type LossOptions,
} from "./reduce.ts";

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Factors of the losses, broadcast to them. As in PyTorch, they do not change the mean's divisor. */
  readonly weight?: Tensor;
  /** The weight of a positive target relative to a negative one, broadcast to the target: `[outputs]`. */
  readonly positiveWeight?: Tensor;
}

/**
 * Binary cross-entropy from logits x and targets y in [0, 1] of one shape, for each element separately, as PyTorch's
 * `binary_cross_entropy_with_logits`: `-(p y log sigmoid(x) + (1 - y) log(1 - sigmoid(x)))`. It is computed without
 * overflow as `(1 - y) softplus(x) + p y softplus(-x)`; a term with weight 0 is 0 even if x is infinite.
 */
export function binaryCrossEntropy(logits: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  const operation = "binaryCrossEntropy";
  checkOptions(operation, options, [...lossOptions, "weight", "positiveWeight"], { pos_weight: "positiveWeight" });
  checkSameShape(operation, logits, target);
  const { weight, positiveWeight, reduction = "mean" } = options;
  const { dtype, shape } = logits;
  const mask = maskOver(operation, options, shape, dtype);
  const x = keepWhere(mask, logits);
  const y = keepWhere(mask, convert(target, dtype));
  if (positiveWeight !== undefined) checkBroadcasts(operation, "positiveWeight", positiveWeight, shape);
  const positive = positiveWeight === undefined ? y : mul(convert(positiveWeight, dtype), y);
  const losses = add(weigh(sub(1, y), softplus(x)), weigh(positive, softplus(neg(x))));
  if (weight === undefined) return reduceLosses(operation, losses, reduction, { mask });
  checkBroadcasts(operation, "weight", weight, shape);
  return reduceLosses(operation, keepWhere(mask, mul(losses, convert(weight, dtype))), reduction, { mask });
}
