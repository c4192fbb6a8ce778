import { add, isTensor, mul, TensorError, type Tensor } from "@sluice/tensor";
import { hasMembers, shown, suggestion } from "@sluice/tensor/internal";
import { byName } from "../names.ts";

/**
 * The loss of a model with several outputs by name, such as those of {@link modalityHeads}: the weighted sum of the
 * losses of the outputs,
 *
 *     sum over k of w_k loss(output_k, target, ...)
 *
 * for `fit` of `@sluice/trials`: `loss: blendedLoss({ fused: 1, audio: 0.3 }, crossEntropy)`. All outputs have one target.
 * Outputs without a weight, or with the weight 0, are not in the loss.
 *
 * Throws a TensorError for weights that are negative, not finite or all 0, and for a weight of no output.
 */
export function blendedLoss<M extends string, A extends readonly unknown[]>(
  weights: Readonly<Record<M, number>>,
  loss: (output: Tensor, ...rest: A) => Tensor,
): (outputs: Readonly<Record<NoInfer<M>, Tensor>>, ...rest: A) => Tensor;
export function blendedLoss<A extends readonly unknown[]>(
  weights: Readonly<Record<string, number>>,
  loss: (output: Tensor, ...rest: A) => Tensor,
): (outputs: Readonly<Record<string, Tensor>>, ...rest: A) => Tensor {
  const wrong = Object.entries(weights).find(([, weight]) => !(weight >= 0 && weight < Infinity));
  if (wrong !== undefined)
    throw new TensorError(
      `blendedLoss: the weight of ${wrong[0]} is ${shown(wrong[1])}, expected a finite number >= 0`,
    );
  const counted = Object.entries(weights).filter(([, weight]) => weight > 0);
  if (counted.length === 0) throw new TensorError("blendedLoss: expected at least one weight that is not 0");
  return (outputs, ...rest) =>
    counted.map(([name, weight]) => mul(loss(outputOf("blendedLoss", outputs, name), ...rest), weight)).reduce(add);
}

/**
 * A metric of each output by name, for `fit`: `metrics: headMetrics(["fused", "audio"], crossEntropy)` gives the learning
 * curve of each modality ({@link learningCurves}).
 */
export function headMetrics<const M extends string, A extends readonly unknown[]>(
  names: readonly M[],
  metric: (output: Tensor, ...rest: A) => Tensor,
): Readonly<Record<M, (outputs: Readonly<Record<M, Tensor>>, ...rest: A) => Tensor>> {
  return byName(
    names,
    (name) =>
      (outputs, ...rest) =>
        metric(outputOf("headMetrics", outputs, name), ...rest),
  );
}

function outputOf(operation: string, outputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const all: Readonly<Record<string, Tensor>> = hasMembers(outputs, {}) && !isTensor(outputs) ? outputs : {};
  const output = all[name];
  if (output !== undefined) return output;
  const known = Object.keys(all);
  throw new TensorError(
    `${operation}: the model has no output ${name}; ${known.length === 0 ? "expected outputs by name" : suggestion(name, known)}`,
  );
}
