import { tensor, type ArrayTensor } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations } from "../records/observations.ts";
import { elapsedOf } from "./event-time.ts";

/**
 * For every step and variable, the time since the last observation of the variable before this step, f64 `[steps,
 * variables]`: delta of Che et al. 2016 (arXiv:1606.01865, equation 2), for all rows of a data set. Before the first
 * observation of a variable it counts from the first step of the row. `timeSinceObserved` is the same for padded
 * tensors.
 */
export function elapsedByVariable(observations: Observations): ArrayTensor {
  checkObservations("elapsedByVariable", observations);
  const { offsets, mask, variables, times } = observations;
  const width = variables.length;
  const elapsed = elapsedOf(observations);
  const delta = new Float64Array(times.data.length * width);
  for (let row = 0; row + 1 < offsets.data.length; row++)
    for (let step = nth(offsets.data, row) + 1; step < nth(offsets.data, row + 1); step++)
      for (let variable = 0; variable < width; variable++) {
        const before = (step - 1) * width + variable;
        delta[before + width] = nth(elapsed, step) + (nth(mask.data, before) === 1 ? 0 : nth(delta, before));
      }
  return tensor(delta, [times.data.length, width]);
}
