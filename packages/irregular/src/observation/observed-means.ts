import { TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkTensor, describe, sameShape } from "@sluice/tensor/internal";

/**
 * The mean of the observed values of each variable, which GRU-D decays towards. `values` and `mask` are `[...,
 * variables]`; values count where the mask is not 0. A variable that was never observed has mean 0.
 *
 * Mask out the steps beyond each row's length, or pass the arrays of a ragged batch, which has no padding.
 */
export function observedMeans(values: ArrayTensor, mask: ArrayTensor): number[] {
  checkTensor("observedMeans", "values", values);
  checkTensor("observedMeans", "the mask", mask);
  if (!sameShape(values.shape, mask.shape) || values.shape.length === 0) {
    throw new TensorError(
      `observedMeans: values ${describe(values)} and mask ${describe(mask)} must have the same shape [..., variables]`,
    );
  }
  const variables = values.shape.at(-1)!;
  const [sums, counts] = [new Float64Array(variables), new Float64Array(variables)];
  mask.data.forEach((observed, i) => {
    if (observed === 0) return;
    const variable = i % variables;
    sums[variable] = sums[variable]! + values.data[i]!;
    counts[variable] = counts[variable]! + 1;
  });
  return Array.from(sums, (sum, variable) => (counts[variable] === 0 ? 0 : sum / counts[variable]!));
}
