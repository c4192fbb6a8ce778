import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { filledLinearly, pathOf } from "./channels.ts";

/**
 * The path of linear interpolation through the observations of each row, for `neuralCde`: a knot for each step, with
 * the channels time, counted from 0, and the variables.
 *
 * A value that was not observed lies on the line between the observed ones before and after it, the steps being one
 * apart; before the first and after the last it is the nearest one, and without any it is 0. Values between two
 * observations know the later one, so this path is not causal; {@link rectilinearPath} is. The numbers are those of
 * torchcde's `linear_interpolation_coeffs` of a series with time as its first channel.
 *
 * Gives a ragged batch `[steps, 1 + features]`. Throws a TensorError if the batch has no elapsed times.
 */
export function linearPath(batch: RaggedBatch): RaggedBatch {
  return pathOf("linearPath", batch, 1, (row) => {
    const filled = row.map(filledLinearly);
    return Array.from(row[0] ?? [], (_, step) => filled.map((channel) => channel[step] ?? 0));
  });
}
