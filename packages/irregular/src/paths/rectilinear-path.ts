import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkedBatch } from "../ragged/check-batch.ts";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { pathOf, type Channel } from "./channels.ts";

/** Options of {@link rectilinearPath}. */
export interface RectilinearPathOptions {
  /**
   * The value of each variable before its first observation: the means of the training rows, for instance. Default 0
   * for all.
   */
  readonly initial?: readonly number[];
}

/**
 * The rectilinear path through the observations of each row, for `neuralCde` (Morrill et al. 2021, arXiv:2106.11028):
 * time moves first while all values stay as they were, then the values move while time stays.
 *
 *     (t_1, x_1), (t_2, x_1), (t_2, x_2), (t_3, x_2), (t_3, x_3), ...
 *
 * A value that was not observed is the last observed one, or `initial` before the first. The path is causal: knot `2 i`
 * depends on the steps up to `i` (both counted from 0), and predictions for step i belong to it. A stream reads two
 * knots per step. The numbers are those of torchcde's `linear_interpolation_coeffs` with `rectilinear: 0`, which fills
 * in values from the future before the first observation.
 *
 * Gives a ragged batch `[knots, 1 + features]`, `2 n - 1` knots for n steps; the first channel is time, counted from 0.
 * Throws a TensorError if the batch has no elapsed times or `initial` does not fit the variables.
 */
export function rectilinearPath(batch: RaggedBatch, options: RectilinearPathOptions = {}): RaggedBatch {
  checkOptions("rectilinearPath", options, ["initial"], { means: "initial", fill: "initial" });
  const variables = checkedBatch("rectilinearPath", batch).values.shape[1] ?? 0;
  const { initial = new Array<number>(variables).fill(0) } = options;
  if (!Array.isArray(initial) || initial.length !== variables || !initial.every(Number.isFinite))
    throw new TensorError(
      `rectilinearPath: initial must be ${variables} finite numbers, one for each variable, got ${shown(initial)}`,
    );
  return pathOf("rectilinearPath", batch, 1, ([time, ...own]) => {
    const filled = own.map((channel, variable) => filledForward(channel, initial[variable] ?? 0));
    const valuesAt = (step: number): number[] => filled.map((channel) => channel[step] ?? 0);
    return Array.from(time ?? [], (t, step) => [
      ...(step === 0 ? [] : [[t, ...valuesAt(step - 1)]]),
      [t, ...valuesAt(step)],
    ]).flat();
  });
}

function filledForward(channel: Channel, initial: number): Channel {
  let last = initial;
  return channel.map((value) => (last = Number.isNaN(value) ? last : value));
}
