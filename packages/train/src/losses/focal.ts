import { add, convert, exp, mul, neg, softplus, sub, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkNotNegative } from "../checks.ts";
import { checkSameShape, keepWhere, lossOptions, maskOver, reduceLosses, weigh, type LossOptions } from "./reduce.ts";

/** Options of {@link focal}. */
export interface FocalOptions extends LossOptions {
  /** gamma: how much less well classified elements count. Default 2. */
  readonly gamma?: number;
  /** alpha: the weight of a positive target; that of a negative one is 1 - alpha. Default 0.25. */
  readonly alpha?: number;
}

/**
 * Focal loss of binary classification (Lin et al. 2017, arXiv 1708.02002, eq. 5) from logits x and targets y of one
 * shape, for each element separately:
 *
 *     -alpha_t (1 - p_t)^gamma log(p_t)
 *
 * with `p_t = sigmoid(x)` and `alpha_t = alpha` for y = 1, and `1 - sigmoid(x)` and `1 - alpha` for y = 0. For a target
 * between them it is the mean of both, weighted by y and 1 - y. It is computed as
 * `alpha y exp(-gamma softplus(x)) softplus(-x) + (1 - alpha) (1 - y) exp(-gamma softplus(-x)) softplus(x)`.
 */
export function focal(logits: Tensor, target: Tensor, options: FocalOptions = {}): Tensor {
  checkOptions("focal", options, [...lossOptions, "gamma", "alpha"]);
  checkSameShape("focal", logits, target);
  const { gamma = 2, alpha = 0.25, reduction = "mean" } = options;
  checkNotNegative("focal", "gamma", gamma);
  if (!(alpha >= 0 && alpha <= 1)) throw new TensorError(`focal: expected alpha in [0, 1], got ${alpha}`);
  const { dtype, shape } = logits;
  const mask = maskOver("focal", options, shape, dtype);
  const x = keepWhere(mask, logits);
  const y = keepWhere(mask, convert(target, dtype));
  const [positive, negative] = [softplus(neg(x)), softplus(x)];
  const focused = (share: Tensor, entropy: Tensor, other: Tensor): Tensor =>
    weigh(mul(share, exp(mul(other, -gamma))), entropy);
  const losses = add(
    focused(mul(y, alpha), positive, negative),
    focused(mul(sub(1, y), 1 - alpha), negative, positive),
  );
  return reduceLosses("focal", losses, reduction, { mask });
}
