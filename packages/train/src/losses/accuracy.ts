import { argmax, convert, equal, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTensor, describe, sameShape } from "@sluice/tensor/internal";
import { asIndices, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/**
 * The fraction of rows whose largest logit (the first in a tie) is the target's class. Logits `[..., classes]`, target
 * i32 `[...]`, mask over `[...]`.
 */
export function accuracy(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("accuracy", options, lossOptions);
  checkTensor("accuracy", "logits", logits);
  checkTensor("accuracy", "the target", target);
  const rows = logits.shape.slice(0, -1);
  if (target.dtype !== "i32" || logits.shape.length === 0 || !sameShape(target.shape, rows)) {
    throw new TensorError(
      `accuracy: logits ${describe(logits)} need class indices i32 [${rows.join(",")}], got ${target.dtype} ${describe(target)}${asIndices(target, rows)}`,
    );
  }
  const right = convert(equal(argmax(logits), target), logits.dtype);
  return reduceLosses("accuracy", right, options.reduction ?? "mean", {
    mask: maskOver("accuracy", options, rows, logits.dtype),
  });
}
