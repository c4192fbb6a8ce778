import { add, iota, less, reshape, scan, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTensor, describe, sameShape, zerosArray } from "@sluice/tensor/internal";
import { observedOf, swapTime } from "./check.ts";

/**
 * Time until the next observation of each variable: {@link timeSinceObserved} for a layer that reads the steps from the
 * last to the first. With s_t the time of step t, m its mask and T the last step:
 *
 *     delta_T = 0
 *     delta_t = s_{t+1} - s_t                  where m_{t+1} = 1
 *     delta_t = s_{t+1} - s_t + delta_{t+1}    where m_{t+1} = 0
 *
 * `mask` is `[batch, time, variables]`, `elapsed` is `s_t - s_{t-1}`, `[batch, time, 1]`. `lengths`, i32 `[batch]`, are
 * the steps of each row; beyond them nothing is read, and the result is 0. The result is `[batch, time, variables]`, in
 * the unit and dtype of `elapsed`.
 */
export function timeUntilObserved(mask: Tensor, elapsed: Tensor, options: { readonly lengths?: Tensor } = {}): Tensor {
  checkOptions("timeUntilObserved", options, ["lengths"]);
  const observed = observedOf("timeUntilObserved", mask);
  checkTensor("timeUntilObserved", "elapsed", elapsed);
  const [batch = 0, time = 0, variables = 0] = mask.shape;
  if (!sameShape(elapsed.shape, [batch, time, 1]))
    throw new TensorError(
      `timeUntilObserved: elapsed must be [${batch},${time},1] to fit the mask ${describe(mask)}, got ${describe(elapsed)}`,
    );
  const { lengths } = options;
  if (lengths !== undefined) {
    checkTensor("timeUntilObserved", "lengths", lengths);
    if (lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch]))
      throw new TensorError(
        `timeUntilObserved: lengths must be i32 [${batch}], one for each row, got ${lengths.dtype} ${describe(lengths)}`,
      );
  }
  const within =
    lengths === undefined ? undefined : less(reshape(iota([time]), [time, 1, 1]), reshape(lengths, [1, batch, 1]));
  const since = within === undefined ? swapTime(elapsed) : select(within, swapTime(elapsed), 0);
  const { output } = scan(
    (after: Tensor, step: { readonly elapsed: Tensor; readonly observed: Tensor }) => ({
      state: add(select(step.observed, 0, after), step.elapsed),
      output: after,
    }),
    zerosArray([batch, variables], elapsed.dtype),
    { elapsed: since, observed: swapTime(observed) },
    { reverse: true },
  );
  return swapTime(within === undefined ? output : select(within, output, 0));
}
