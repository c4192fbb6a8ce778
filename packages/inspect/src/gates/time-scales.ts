import { div, log, neg, sub, TensorError, type Tensor } from "@sluice/tensor";
import { checkTensor, isFloat, showShape, suggestion } from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, meanOverSteps, type StepOptions } from "../steps.ts";

/** Which time a gate is turned into. */
export type TimeScaleForm = "leak" | "decay";

/** Options of {@link timeScales}. */
export interface TimeScaleOptions extends StepOptions {
  /**
   * `leak` (default): 1 / (1 - f), of the mean f. `decay`: -1 / ln f, of the mean ln f, which is exact for a product of
   * gates that vary.
   */
  readonly form?: TimeScaleForm;
}

/**
 * The time scale of each unit from the fraction f of its state that it keeps, in steps: `[batch, time, units]` to
 * `[units]`. A unit that keeps f of its state at every step forgets as exp(-t/T), with
 *
 *     T = 1 / (1 - f)      leak: the characteristic forgetting time of Tallec and Ollivier 2018, arXiv:1804.11188
 *     T = -1 / ln f        decay: the same for f near 1, and the exact time in which f^t falls by a factor of e
 *
 * f is averaged over all steps that rows took. Infinity if a unit keeps everything, NaN if no row took a step. Pass the
 * gate that multiplies the old state: an LSTM's `forget`, a GRU's `update`; if the kept fraction is 1 - z, pass
 * `sub(1, z)`. Can also be used inside compiled programs. Throws a TensorError if the trace, `lengths`, `mask` or `form`
 * is not valid.
 */
export function timeScales(trace: Tensor, options: TimeScaleOptions = {}): Tensor {
  checkSteps("timeScales", options, ["form"]);
  checkTensor("timeScales", "the trace", trace);
  const { form = "leak" } = options;
  if (form !== "leak" && form !== "decay")
    throw new TensorError(`timeScales: unknown form ${String(form)}; ${suggestion(String(form), ["leak", "decay"])}`);
  const [batch, time] = batchAndTime("timeScales", trace, "a trace");
  if (!isFloat(trace.dtype))
    throw new TensorError(`timeScales: expected a float trace, got ${trace.dtype} ${showShape(trace.shape)}`);
  const active = activeSteps("timeScales", [batch, time], options);
  const mean = (x: Tensor): Tensor => meanOverSteps(x, active, [0, 1]);
  return form === "leak" ? div(1, sub(1, mean(trace))) : div(1, neg(mean(log(trace))));
}
