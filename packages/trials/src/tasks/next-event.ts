import { add, exp, reshape, sliceAxis, TensorError, type Tensor } from "@sluice/tensor";
import { describe } from "@sluice/tensor/internal";
import { crossEntropy, gaussianNll, type CountedOptions } from "@sluice/train";

/** The target of a next-event task: the part `y` of `nextEventExamples`. */
export type NextEvent = {
  /** i32 `[batch, time]`: the mark of the next event. */
  readonly marks: Tensor;
  /** `[batch, time]`: the logarithm of the time until it. */
  readonly logElapsed: Tensor;
};

/** What is predicted of the next event, as a model's output `[batch, time, marks + 2]` says it. */
export interface NextEventPrediction {
  /** `[batch, time, marks]`: the logits of the marks. */
  readonly logits: Tensor;
  /** `[batch, time]`: the mean of the logarithm of the time. */
  readonly mean: Tensor;
  /** `[batch, time]`: its variance. */
  readonly variance: Tensor;
}

/** The parts of an output `[batch, time, marks + 2]`: logits, the mean, and the logarithm of the variance. */
export function nextEventPrediction(output: Tensor): NextEventPrediction {
  const width = output.shape[2] ?? 0;
  if (output.shape.length !== 3 || width < 3)
    throw new TensorError(
      `nextEventPrediction: expected an output [batch, time, marks + 2], got ${describe(output)}; the last two are the mean and the log variance of the logarithm of the time`,
    );
  const column = (from: number): Tensor => reshape(sliceAxis(output, 2, from, from + 1), output.shape.slice(0, 2));
  return {
    logits: sliceAxis(output, 2, 0, width - 2),
    mean: column(width - 2),
    variance: exp(column(width - 1)),
  };
}

/**
 * A loss for `fit`: the negative log-likelihood of the next event's mark and time, given all events so far. The mark is
 * a class; the time is lognormal, and independent of the mark given the history (as in Shchur et al. 2020,
 * arXiv:1909.12127, with one component).
 *
 *     L = -log softmax(logits)[mark] + (log sigma^2 + (log dt - mu)^2 / sigma^2) / 2
 *
 * It leaves out what no parameter changes: `log dt + log(2 pi) / 2`. The output is `[batch, time, marks + 2]`.
 */
export function nextEventLoss(output: Tensor, target: NextEvent, counted: CountedOptions): Tensor {
  const { logits, mean, variance } = nextEventPrediction(output);
  const { mask, lengths } = counted;
  const options = { ...(mask && { mask }), ...(lengths && { lengths }) };
  return add(crossEntropy(logits, target.marks, options), gaussianNll({ mean, variance }, target.logElapsed, options));
}
