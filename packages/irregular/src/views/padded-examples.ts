import { tensor, type ArrayTensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { mapped } from "../mapped.ts";
import { toPadded } from "../ragged/padded.ts";
import { raggedBatch } from "../ragged/ragged-batch.ts";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations } from "../records/observations.ts";
import { elapsedByVariable } from "./elapsed-by-variable.ts";
import { eventTime } from "./event-time.ts";

/**
 * What models of irregular series read, a row per row of the data set. (A type alias, not an interface, so that
 * TypeScript accepts it as a tree of tensors.)
 */
export type PaddedExamples = {
  /** `[rows, steps, variables]`: the values, 0 where nothing was observed. */
  readonly x: ArrayTensor;
  /** i32 `[rows]`: the number of steps of each row. */
  readonly lengths: ArrayTensor;
  /** bool `[rows, steps, variables]`: which values were observed. */
  readonly mask: ArrayTensor;
  /** `[rows, steps, variables]`: the time since the last observation of each variable, in the unit of the times. */
  readonly delta: ArrayTensor;
  /** `[rows, steps, 1]`: the time since the step before. */
  readonly elapsed: ArrayTensor;
  /** `[rows, static variables]`: 0 where unknown. */
  readonly statics: ArrayTensor;
};

/** Options of {@link paddedExamples}. */
export interface PaddedExamplesOptions {
  /** How many steps to pad to; the same for all splits lets them share a program. Default: the longest row's. */
  readonly steps?: number;
}

/**
 * A data set, or a view of one, as f32 tensors whose first axis is the row: the examples of `fit`, which sorts each
 * batch by `lengths`, so that padding costs no computation. `mask` and `delta` are the extra inputs of GRU-D, `elapsed`
 * is that of RNN-decay, T-LSTM and others. Nothing is copied into padding until you read the arrays' `data`.
 *
 * Where nothing was observed there is 0, the mean of data that a fitted scaler has standardized; impute first for
 * another value. Throws a TensorError if a value does not fit f32.
 */
export function paddedExamples(observations: Observations, options: PaddedExamplesOptions = {}): PaddedExamples {
  checkOptions("paddedExamples", options, ["steps"], { maxLength: "steps", length: "steps", time: "steps" });
  checkObservations("paddedExamples", observations);
  const events = eventTime({ ...observations, values: zeroWhereNaN(observations.values) });
  const { x, lengths, mask, elapsed } = toPadded(events, options);
  const deltas = elapsedByVariable(observations);
  const { x: delta } = toPadded(
    raggedBatch({ values: tensor(new Float32Array(deltas.data), deltas.shape), offsets: observations.offsets }),
    options,
  );
  if (mask === undefined || elapsed === undefined) throw new Error("event time has a mask and elapsed times");
  const { values } = observations.statics;
  return {
    x,
    lengths,
    mask,
    delta,
    elapsed,
    statics: tensor(new Float32Array(zeroWhereNaN(values).data), values.shape),
  };
}

const zeroWhereNaN = (x: ArrayTensor): ArrayTensor =>
  tensor(
    mapped(x.data, (value) => (Number.isNaN(value) ? 0 : value)),
    x.shape,
  );
