import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { allocate, checkOptions, nth, shown } from "@sluice/tensor/internal";
import { checkedBatch } from "../ragged/check-batch.ts";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import type { CountedTarget } from "./imputation-examples.ts";

/** Options of {@link forecastExamples}. */
export interface ForecastExamplesOptions {
  /** The number of steps that are seen. */
  readonly history: number;
  /** The number of steps after them that are to be predicted. */
  readonly horizon: number;
  /** Steps from one example to the next. Default `horizon`: no value is predicted twice. */
  readonly stride?: number;
}

/** Examples of a forecasting task. */
export type ForecastExamples = {
  /** `[examples, history, variables]`, NaN where nothing was observed. */
  readonly x: ArrayTensor;
  /** bool `[examples, history, variables]`: which values were observed. */
  readonly mask: ArrayTensor;
  /** `[examples, history, 1]`, if the batch has elapsed times; 0 at the first step. */
  readonly elapsed?: ArrayTensor;
  /** `[examples, horizon, variables]`: what was observed counts. */
  readonly y: CountedTarget;
};

/**
 * The examples of a forecasting task, for `fit`: from `history` steps of a row, predict the `horizon` steps after them.
 * Best made of a regular grid (`gridded`), since steps are counted, not times. No example crosses from one row into
 * another; a row with fewer than `history + horizon` steps has none. Split the rows before, not the examples. Throws a
 * TensorError if there are no examples.
 */
export function forecastExamples(given: RaggedBatch, options: ForecastExamplesOptions): ForecastExamples {
  const { history, horizon, stride } = checked(options);
  const batch = checkedBatch("forecastExamples", given);
  const { values, mask, elapsed, offsets } = batch;
  const starts: number[] = [];
  for (let row = 0; row + 1 < offsets.data.length; row++)
    for (let from = nth(offsets.data, row); from + history + horizon <= nth(offsets.data, row + 1); from += stride)
      starts.push(from);
  if (starts.length === 0)
    throw new TensorError(`forecastExamples: no row has ${history + horizon} steps, history and horizon together`);
  const cut = ({ data, shape, dtype }: ArrayTensor, after: number, steps: number): ArrayTensor => {
    const width = shape[1] ?? 1;
    const out = allocate(dtype, starts.length * steps * width);
    starts.forEach((start, i) =>
      out.set(data.subarray((start + after) * width, (start + after + steps) * width), i * steps * width),
    );
    return tensor(out, [starts.length, steps, width], { dtype });
  };
  const observed = mask ?? tensor(new Int32Array(values.data.length).fill(1), values.shape, { dtype: "bool" });
  return {
    x: cut(values, 0, history),
    mask: cut(observed, 0, history),
    ...(elapsed && { elapsed: fromZero(cut(elapsed, 0, history)) }),
    y: { values: cut(values, history, horizon), counts: cut(observed, history, horizon) },
  };
}

/** Elapsed times, 0 at the first step of each example. */
function fromZero(elapsed: ArrayTensor): ArrayTensor {
  const steps = elapsed.shape[1] ?? 1;
  return { ...elapsed, data: elapsed.data.map((time, at) => (at % steps === 0 ? 0 : time)) };
}

function checked(options: ForecastExamplesOptions): Required<ForecastExamplesOptions> {
  checkOptions("forecastExamples", options, ["history", "horizon", "stride"], {
    lookback: "history",
    window: "history",
    steps: "history",
  });
  const { history, horizon, stride = horizon } = options;
  for (const [name, value] of Object.entries({ history, horizon, stride }))
    if (!Number.isInteger(value) || value < 1)
      throw new TensorError(`forecastExamples: ${name} must be an integer >= 1, got ${shown(value)}`);
  return { history, horizon, stride };
}
