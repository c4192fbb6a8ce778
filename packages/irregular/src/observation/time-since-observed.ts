import { add, concat, scan, select, sliceAxis, TensorError, type Tensor } from "@sluice/tensor";
import { checkTensor, describe, isArray, sameShape, zerosArray } from "@sluice/tensor/internal";
import { checkElapsed, observedOf, swapTime } from "./check.ts";

/**
 * Time since the last observation of each variable (Che et al. 2016, arXiv:1606.01865, equation 2). With s_t the time
 * of step t and m its mask:
 *
 *     delta_1 = 0
 *     delta_t = s_t - s_{t-1}                  where m_{t-1} = 1
 *     delta_t = s_t - s_{t-1} + delta_{t-1}    where m_{t-1} = 0
 *
 * So before the first observation, delta counts from the first step. `mask` is `[batch, time, variables]`. `elapsed` is
 * `s_t - s_{t-1}`, `[batch, time, 1]`; its value at the first step is not used. The result is `[batch, time,
 * variables]`, in the unit and dtype of `elapsed`. Throws a TensorError if a time is negative or not finite.
 */
export function timeSinceObserved(mask: Tensor, elapsed: Tensor): Tensor {
  const observed = observedOf("timeSinceObserved", mask);
  checkTensor("timeSinceObserved", "elapsed", elapsed);
  const [batch, time, variables] = [mask.shape[0]!, mask.shape[1]!, mask.shape[2]!];
  if (!sameShape(elapsed.shape, [batch, time, 1])) {
    throw new TensorError(
      `timeSinceObserved: elapsed must be [${batch},${time},1] to fit the mask ${describe(mask)}, got ${describe(elapsed)}`,
    );
  }
  if (isArray(elapsed))
    checkElapsed("timeSinceObserved", elapsed.data, (i) =>
      i % time === 0 ? undefined : `at step ${i % time} of row ${Math.floor(i / time)}`,
    );
  if (time === 0) return zerosArray(mask.shape, elapsed.dtype);
  const since = concat([zerosArray([batch, 1, 1], elapsed.dtype), sliceAxis(elapsed, 1, 1, time)], 1);
  const { output } = scan(
    (unobserved: Tensor, step: { readonly elapsed: Tensor; readonly observed: Tensor }) => {
      const delta = add(unobserved, step.elapsed);
      return { state: select(step.observed, 0, delta), output: delta };
    },
    zerosArray([batch, variables], elapsed.dtype),
    { elapsed: swapTime(since), observed: swapTime(observed) },
  );
  return swapTime(output);
}
