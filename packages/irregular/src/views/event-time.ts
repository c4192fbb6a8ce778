import { tensor, TensorError } from "@sluice/tensor";
import { allocate, checkOptions, nth, shown } from "@sluice/tensor/internal";
import { raggedBatch, type RaggedBatch } from "../ragged/ragged-batch.ts";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations } from "../records/observations.ts";

/** Options of {@link eventTime}. */
export interface EventTimeOptions {
  /** The dtype of the values and the elapsed times. Default `"f32"`. */
  readonly dtype?: "f32" | "f64";
}

/**
 * The data set at its true times, as a ragged batch: one step for every time at which anything was observed, the time
 * since the step before it (0 at the first step of a row), and the mask. Values that were not observed are NaN, unless
 * they were imputed; layers that take the mask do not look at them.
 *
 * Times are subtracted in f64, so large times, such as dates, lose nothing. Throws a TensorError if a value does not
 * fit the dtype.
 */
export function eventTime(observations: Observations, options: EventTimeOptions = {}): RaggedBatch {
  checkOptions("eventTime", options, ["dtype"]);
  checkObservations("eventTime", observations);
  const { dtype = "f32" } = options;
  if (dtype !== "f32" && dtype !== "f64")
    throw new TensorError(`eventTime: dtype is ${shown(dtype)}, expected "f32" or "f64"`);
  const { values, mask, offsets, variables } = observations;
  const data = allocate(dtype, values.data.length);
  data.set(values.data);
  const wrong = data.findIndex((value, at) => !Number.isFinite(value) && Number.isFinite(nth(values.data, at)));
  if (wrong >= 0)
    throw new TensorError(
      `eventTime: ${nth(variables, wrong % variables.length).name} is ${nth(values.data, wrong)}, which is too large for ${dtype}; scale the data first`,
    );
  const elapsed = elapsedOf(observations);
  return raggedBatch({
    values: tensor(data, values.shape, { dtype }),
    offsets,
    elapsed: tensor([...elapsed], [elapsed.length, 1], { dtype }),
    mask,
  });
}

/** The time of each step since the step before it, 0 at the first of a row. */
export function elapsedOf({
  offsets: { data: offsets },
  times: { data: times },
}: Pick<Observations, "offsets" | "times">): Float64Array {
  const elapsed = new Float64Array(times.length);
  for (let row = 0; row + 1 < offsets.length; row++)
    for (let step = nth(offsets, row) + 1; step < nth(offsets, row + 1); step++)
      elapsed[step] = nth(times, step) - nth(times, step - 1);
  return elapsed;
}
