import {
  add,
  and,
  convert,
  equal,
  expand,
  gather,
  less,
  lessEqual,
  logSoftmax,
  mul,
  named,
  neg,
  not,
  oneHot,
  select,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, checkTensor, describe, sameShape, shown } from "@sluice/tensor/internal";
import { asIndices, keepWhere, lossOptions, maskOver, reduceLosses, weigh, type LossOptions } from "./reduce.ts";

export interface CrossEntropyOptions extends LossOptions {
  /** Label smoothing: `q <- (1 - s) q + s / classes`. Default 0. */
  readonly labelSmoothing?: number;
  /**
   * Rows whose target is this index do not count, as if they were masked. PyTorch's default is -100; here there is
   * none.
   */
  readonly ignoreIndex?: number;
  /**
   * A weight per class, `[classes]`. If targets are indices, the mean then divides by the sum of the targets' weights.
   */
  readonly classWeights?: Tensor;
}

/**
 * Cross-entropy `-sum_k w_k q_k log softmax(logits)_k`, as PyTorch's. Logits are `[..., classes]`; the target is i32
 * `[...]` (class indices) or float `[..., classes]` (probabilities q). The losses, and the mask, have the shape
 * `[...]`.
 *
 * A class with the logit -Infinity has probability 0: it adds nothing if q is 0, and makes the loss infinite otherwise.
 * An index out of range gives NaN rather than a silently wrong number, and so do probabilities that are all 0.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const operation = "crossEntropy";
  checkOptions(operation, options, [...lossOptions, "labelSmoothing", "ignoreIndex", "classWeights"], {
    label_smoothing: "labelSmoothing",
    ignore_index: "ignoreIndex",
    weight: "classWeights",
  });
  checkTensor(operation, "logits", logits);
  checkTensor(operation, "the target", target);
  if (options.classWeights !== undefined) checkTensor(operation, "classWeights", options.classWeights);
  const { labelSmoothing = 0, ignoreIndex, classWeights, reduction = "mean" } = options;
  const rows = logits.shape.slice(0, -1);
  const classes = logits.shape.at(-1);
  const { dtype } = logits;
  if (classes === undefined || classes < 1)
    throw new TensorError(`${operation}: expected logits [..., classes], got ${describe(logits)}`);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new TensorError(`${operation}: expected labelSmoothing in [0, 1], got ${shown(labelSmoothing)}`);
  if (classWeights !== undefined && !sameShape(classWeights.shape, [classes])) {
    throw new TensorError(`${operation}: expected classWeights [${classes}], got ${describe(classWeights)}`);
  }
  const indices = target.dtype === "i32";
  if (!sameShape(target.shape, indices ? rows : logits.shape)) {
    throw new TensorError(
      `${operation}: logits ${describe(logits)} need class indices i32 [${rows.join(",")}] or probabilities [${logits.shape.join(",")}], got ${target.dtype} ${describe(target)}${asIndices(target, rows)}`,
    );
  }
  if (ignoreIndex !== undefined && !indices)
    throw new TensorError(
      `${operation}: ignoreIndex needs class indices (i32), got ${target.dtype} ${describe(target)}`,
    );

  const given = maskOver(operation, options, rows, dtype);
  const counted = ignoreIndex === undefined ? undefined : convert(not(equal(target, ignoreIndex)), dtype);
  const mask = given === undefined ? counted : counted === undefined ? given : mul(given, counted);

  const logProbabilities = logSoftmax(mask === undefined ? logits : keepWhere(expand(mask, mask.shape.length), logits));
  const hard = indices
    ? oneHot(target, classes, dtype)
    : keepWhere(mask === undefined ? undefined : expand(mask, mask.shape.length), convert(target, dtype));
  const q = labelSmoothing === 0 ? hard : add(mul(hard, 1 - labelSmoothing), labelSmoothing / classes);
  const weights = classWeights === undefined ? undefined : convert(classWeights, dtype);
  const entropies = sum(weigh(weights === undefined ? q : mul(q, weights), neg(logProbabilities)), -1);
  const losses = indices
    ? named(`crossEntropy with the classes 0 to ${classes - 1}`, select(namesClass(target, classes), entropies, NaN))
    : named("crossEntropy of probabilities that are all 0", select(less(0, sum(hard, -1)), entropies, NaN));
  const counts = indices && weights !== undefined ? gather(weights, target) : undefined;
  return reduceLosses(operation, keepWhere(mask, losses), reduction, { mask, counts });
}

const namesClass = (target: Tensor, classes: number): Tensor => and(lessEqual(0, target), less(target, classes));
