import { convert, isTensor, mul, reshape, sum, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkFunction, checkMade, describe, hasMembers, sameShape, shown } from "@sluice/tensor/internal";
import type { CountedOptions, LossOptions, LossResult, StreamingMetric } from "@sluice/train";
import type { Counted } from "../counted.ts";

/** A target of which only some values count, such as what was hidden: the part `y` of `imputationExamples`. */
export type Scored = {
  /** `[batch, ...]`. What does not count is not read, and may be NaN. */
  readonly values: Tensor;
  /** bool `[batch, ...]`, of the same shape. */
  readonly counts: Tensor;
};

/** A loss of `@sluice/train` of predictions and targets of one shape, such as `mse` or `mae`. */
export type ElementLoss = (prediction: Tensor, target: Tensor, options: LossOptions) => Tensor;

/**
 * A loss for `fit` over the values of a target `{ values, counts }` that count. `predictionOf` takes the prediction, of
 * the shape of the values, from the output of the model; by default the output is the prediction.
 *
 *     fit(model, data, { loss: lossOfCounted(mae, (output) => output.imputed), ... })
 *
 * The mean is over all values that count, of all batches. With an output for each step, `fit` also leaves out the steps
 * beyond the lengths.
 */
export function lossOfCounted<O extends Tree = Tensor>(
  loss: ElementLoss,
  predictionOf: (output: O) => Tensor = itself("lossOfCounted"),
): (output: O, target: Scored, counted: Counted) => LossResult {
  checkFunction("lossOfCounted", "the loss", loss);
  checkFunction("lossOfCounted", "predictionOf", predictionOf);
  return (output, target, counted) => {
    const mask = maskOf("lossOfCounted", target, counted);
    return { loss: loss(predictionOf(output), target.values, optionsOf(mask, counted)), weight: sum(mask) };
  };
}

/**
 * A streaming metric for `fit` over the values of a target `{ values, counts }` that count, made of one of
 * `@sluice/train` for predictions and targets of one shape, such as `meanAbsoluteError()`. `predictionOf` is as for
 * {@link lossOfCounted}.
 *
 *     metrics: { mae: metricOfCounted(meanAbsoluteError()), mre: metricOfCounted(meanRelativeError()) }
 */
export function metricOfCounted<S extends object, O extends Tree = Tensor>(
  metric: StreamingMetric<number, S>,
  predictionOf: (output: O) => Tensor = itself("metricOfCounted"),
): StreamingMetric<number, S, O, Scored> {
  const made = { init: "function", update: "function", value: "function" };
  checkMade("metricOfCounted", "the metric", metric, made, "meanAbsoluteError()");
  checkFunction("metricOfCounted", "predictionOf", predictionOf);
  return {
    name: metric.name,
    better: metric.better,
    init: () => metric.init(),
    value: (state) => metric.value(state),
    update(state, output, target, options = {}) {
      const weights = maskOf(metric.name, target, options);
      const prediction = predictionOf(output);
      return metric.update(state, prediction, target.values, optionsOf(weights, options));
    },
  };
}

/** The output itself, if it is a tensor. */
const itself =
  (operation: string) =>
  (output: Tree): Tensor => {
    if (isTensor(output)) return output;
    throw new TensorError(
      `${operation}: the output of the model is several tensors; say which is the prediction, such as (output) => output.imputed`,
    );
  };

/** The weights of the values, of their shape: which count, and the weights of their rows or steps. */
function maskOf(operation: string, target: Scored, { mask }: CountedOptions): Tensor {
  const given: unknown = target;
  if (!hasMembers(given, { values: "object", counts: "object" }))
    throw new TensorError(`${operation}: the target y is ${shown(given)}, expected { values, counts }`);
  const { values, counts } = target;
  if (counts.dtype !== "bool" || !sameShape(counts.shape, values.shape))
    throw new TensorError(
      `${operation}: counts must be bool ${describe(values)}, like the values, got ${counts.dtype} ${describe(counts)}`,
    );
  const own = convert(counts, values.dtype);
  if (mask === undefined) return own;
  const leading = [...mask.shape, ...values.shape.slice(mask.shape.length).map(() => 1)];
  return mul(own, reshape(convert(mask, values.dtype), leading));
}

const optionsOf = (mask: Tensor, { lengths }: CountedOptions): CountedOptions => ({
  mask,
  ...(lengths && { lengths }),
});
