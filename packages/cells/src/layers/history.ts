/** The steps before a step, at all steps at once: what a layer without a loop reads in the place of a state. */
import {
  add,
  and,
  concat,
  convert,
  cumulativeMax,
  cumulativeSum,
  full,
  gather,
  greaterEqual,
  iota,
  less,
  max,
  min,
  mul,
  not,
  pad,
  reshape,
  scatterAdd,
  select,
  sliceAxis,
  stack,
  sub,
  tensor,
  type Tensor,
} from "@sluice/tensor";
import { batchAndTime } from "../cell/axes.ts";

/** What is remembered of the steps, and which of them are taken. */
export interface Remembered {
  /** `[batch, time, width]`: of each step. */
  readonly now: Tensor;
  /** `[batch, span, width]`: of the last steps before the first one, oldest first. */
  readonly past: Tensor;
  /** `[batch, span, width]`: what a reset puts in the place of the past. */
  readonly resetPast: Tensor;
  /** i32 `[batch]`: the steps of each row; undefined where every row has all. */
  readonly lengths?: Tensor | undefined;
  /** bool `[batch, time]`: the steps that are not masked; undefined where none is. */
  readonly mask?: Tensor | undefined;
  /** bool `[batch, time]`: the steps before which the past is forgotten. */
  readonly resets?: Tensor | undefined;
}

/** Reads what is remembered. */
export interface History {
  /**
   * `[batch, time, offsets, width]`: at each step that is taken, what is remembered of the step that was taken so many
   * steps before it; 0 is the step itself.
   */
  before(offsets: readonly number[]): Tensor;
  /** `[batch, span, width]`: the past after so many steps of the call. */
  after(steps: number): Tensor;
}

/**
 * The history of a call. Only steps that are taken count: a masked step neither shifts the past nor stands in it. No
 * loop runs: without masks and resets the steps are slices, otherwise they are gathered by the number of steps that are
 * taken up to each one.
 */
export function historyOf(remembered: Remembered): History {
  const { now, past, lengths, mask, resets } = remembered;
  const { batch, time } = batchAndTime(now);
  const [span = 0, width = 0] = past.shape.slice(1);
  const gathered = gatheredHistory(remembered);
  if (mask !== undefined || resets !== undefined) return gathered();
  const steps = concat([past, now], 1);
  return {
    before(offsets) {
      if (time === 0 || offsets.length === 0) return full([batch, time, offsets.length, width], 0, now.dtype);
      // Steps beyond the lengths come last, so no step that is taken reads them.
      return stack(
        offsets.map((offset) => sliceAxis(steps, 1, span - offset, span - offset + time)),
        2,
      );
    },
    after: (n) => (lengths === undefined ? sliceAxis(steps, 1, n, n + span) : gathered().after(n)),
  };
}

/** The history where steps may be skipped, or begin anew. */
function gatheredHistory({ now, past, resetPast, lengths, mask, resets }: Remembered): () => History {
  const { batch, time } = batchAndTime(now);
  const [span = 0, width = 0] = past.shape.slice(1);
  const rows = reshape(concat([resetPast, past, now], 1), [batch * (2 * span + time), width]);
  const firstRow = reshape(mul(iota([batch]), 2 * span + time), [batch, 1, 1]);
  return () => {
    const { rank, since, anew, order } = countsOf({ size: { batch, time }, lengths, mask, resets });
    /** `[batch, points, offsets, width]` after each of the points from `from` to `to`. */
    const at = (from: number, to: number, offsets: readonly number[]): Tensor => {
      const points = (x: Tensor): Tensor => reshape(sliceAxis(x, 1, from, to), [batch, to - from, 1]);
      const back = reshape(tensor(Int32Array.from(offsets), [offsets.length]), [1, 1, offsets.length]);
      const [taken, own] = [points(rank), points(since)];
      const step = order(max(sub(sub(taken, 1), back), 0));
      const earlier = max(sub(add(own, span - 1), back), 0);
      const source = select(
        less(back, own),
        add(step, 2 * span),
        add(earlier, mul(points(convert(not(anew), "i32")), span)),
      );
      return gather(rows, add(source, firstRow));
    };
    return {
      before: (offsets) => at(1, time + 1, offsets),
      after(n) {
        const offsets = Array.from({ length: span }, (_, i) => span - 1 - i);
        return time === 0 || span === 0 ? past : reshape(at(n, n + 1, offsets), [batch, span, width]);
      },
    };
  };
}

/** How many steps have been taken, `[batch, time + 1]`: before the first step, and after each one. */
interface Counts {
  /** i32: since the call began. */
  readonly rank: Tensor;
  /** i32: since the last reset, or since the call began. */
  readonly since: Tensor;
  /** bool: whether there was a reset. */
  readonly anew: Tensor;
  /** The step that was taken as number `n`, from 0; i32 `[batch, ...]` of the same shape. */
  order(n: Tensor): Tensor;
}

function countsOf({
  size: { batch, time },
  lengths,
  mask,
  resets,
}: Pick<Remembered, "lengths" | "mask" | "resets"> & { readonly size: { batch: number; time: number } }): Counts {
  const steps = iota([batch, time], { axis: 1 });
  const within = lengths && less(steps, reshape(lengths, [batch, 1]));
  const taken = mask && within ? and(mask, within) : (mask ?? within ?? full([batch, time], 1, "bool"));
  const ones = convert(taken, "i32");
  const ranks = cumulativeSum(ones, 1);
  const withStart = (x: Tensor): Tensor => pad(x, [0, 1], [0, 0]);
  const rank = withStart(ranks);
  const order = mask === undefined ? (n: Tensor) => n : orderOf(taken, ranks);
  if (resets === undefined || time === 0) return { rank, since: rank, anew: full([batch, time + 1], 0, "bool"), order };
  // A row that has ended keeps its past, even if a sequence is marked to begin there.
  const begins = within === undefined ? resets : and(resets, within);
  // One more than the number of steps that were taken before the last reset; 0 if there was none.
  const last = withStart(cumulativeMax(select(begins, add(sub(ranks, ones), 1), 0), 1));
  return { rank, since: sub(rank, max(sub(last, 1), 0)), anew: greaterEqual(last, 1), order };
}

/** Which steps are taken, in their order: a function from their numbers. */
function orderOf(taken: Tensor, ranks: Tensor): (n: Tensor) => Tensor {
  const { batch, time } = batchAndTime(taken);
  const firstOf = (axes: number): Tensor =>
    reshape(mul(iota([batch]), time), [batch, ...new Array<number>(axes).fill(1)]);
  const place = add(max(sub(ranks, 1), 0), firstOf(1));
  const steps = select(taken, iota([batch, time], { axis: 1 }), 0);
  const list = scatterAdd(reshape(place, [batch * time]), reshape(steps, [batch * time]), batch * time);
  return (n) => gather(list, add(min(n, time - 1), firstOf(n.shape.length - 1)));
}
