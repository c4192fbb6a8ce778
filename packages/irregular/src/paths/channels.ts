/** What all paths have in common: their channels, row by row. */
import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { allocate, describe, isFloat, nth } from "@sluice/tensor/internal";
import { checkedBatch } from "../ragged/check-batch.ts";
import { raggedBatch, type RaggedBatch } from "../ragged/ragged-batch.ts";

/** A channel of one row at its steps, NaN where it was not observed. */
export type Channel = Float64Array;

/** The channels of one row: time, then the variables. */
export type Row = readonly Channel[];

/** The elapsed times of a batch; an error where there are none to make a path of. */
function elapsedIn(operation: string, { elapsed }: RaggedBatch): ArrayTensor {
  if (elapsed !== undefined) return elapsed;
  throw new TensorError(`${operation}: the batch has no elapsed times; a path needs the time of each step`);
}

/**
 * The path of each row as a ragged batch. `knotsOf` gives the values of a row's knots, `[knots, perChannel * channels]`.
 * Times count from 0 at a row's first step. Without a mask, values that are NaN were not observed.
 */
export function pathOf(
  operation: string,
  given: RaggedBatch,
  perChannel: number,
  knotsOf: (row: Row) => readonly (readonly number[])[],
): RaggedBatch {
  const batch = checkedBatch(operation, given);
  const elapsed = elapsedIn(operation, batch);
  const { values, offsets } = batch;
  const width = perChannel * (1 + (values.shape[1] ?? 0));
  const rows = Array.from({ length: offsets.data.length - 1 }, (_, row) => {
    const [from, to] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
    return from === to ? [] : knotsOf(channelsOf(batch, elapsed, from, to));
  });
  const starts = [0];
  for (const knots of rows) starts.push(nth(starts, starts.length - 1) + knots.length);
  const { dtype } = values;
  if (!isFloat(dtype)) throw new TensorError(`${operation}: values must be f32 or f64, got ${describe(values)}`);
  const data = allocate(dtype, nth(starts, rows.length) * width);
  rows.flat().forEach((knot, at) => data.set(knot, at * width));
  return raggedBatch({
    values: tensor(data, [nth(starts, rows.length), width], { dtype }),
    offsets: starts,
  });
}

function channelsOf({ values, mask }: RaggedBatch, elapsed: ArrayTensor, from: number, to: number): Row {
  const features = values.shape[1] ?? 0;
  const time = new Float64Array(to - from);
  for (let step = 1; step < time.length; step++) time[step] = nth(time, step - 1) + nth(elapsed.data, from + step);
  const variables = Array.from({ length: features }, (_, variable) =>
    Float64Array.from({ length: to - from }, (_, step) => {
      const at = (from + step) * features + variable;
      return mask === undefined || mask.data[at] !== 0 ? nth(values.data, at) : Number.NaN;
    }),
  );
  return [time, ...variables];
}

/** The steps at which a channel has a value. */
export const seenSteps = (channel: Channel): number[] =>
  [...channel.keys()].filter((step) => !Number.isNaN(channel[step]));

/**
 * A channel with values on lines between those that it has, over the steps, and the nearest one before the first and
 * after the last; 0 if it has none.
 */
export function filledLinearly(channel: Channel): Channel {
  const seen = seenSteps(channel);
  const filled = new Float64Array(channel.length);
  let next = 0;
  for (let step = 0; step < channel.length; step++) {
    if (seen[next] === step) next++;
    const [before, after] = [seen[next - 1] ?? seen[next], seen[next] ?? seen[next - 1]];
    if (before === undefined || after === undefined) continue;
    const [x, y] = [nth(channel, before), nth(channel, after)];
    filled[step] = before === after || step === before ? x : x + ((step - before) / (after - before)) * (y - x);
  }
  return filled;
}
