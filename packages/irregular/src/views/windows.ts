import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "../records/check-observations.ts";
import { observedCount, type Observations } from "../records/observations.ts";
import { joined } from "../records/ranges.ts";
import type { ObservationsView } from "./view.ts";

/** Options of {@link windowed}. */
export interface WindowedOptions {
  /** How long a window is, in the unit of the times. */
  readonly length: number;
  /** From the beginning of a window to that of the next. Default: `length`, so that windows do not overlap. */
  readonly stride?: number;
  /** Whether windows that end after the last time of their row are kept. Default true. */
  readonly partial?: boolean;
}

/** A window: the steps `from` up to, but not including, `to` of row `row`. */
interface Window {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts every row into windows, which are the rows of the view. The first window of a row begins at its first time, and
 * windows begin until the last time has been passed; a window may have no steps. A window includes its beginning and
 * excludes its end. Steps keep their times. The id of a window is that of its row and its number: `a#0`, `a#1`.
 *
 * A row without steps has no windows. Values that are in no window, because `stride` exceeds `length` or `partial` is
 * false, are counted in `outside`.
 */
export function windowed(observations: Observations, options: WindowedOptions): ObservationsView {
  checkOptions("windowed", options, ["length", "stride", "partial"], {
    size: "length",
    width: "length",
    step: "stride",
  });
  const { length, stride = length, partial = true } = options;
  for (const [name, given] of Object.entries({ length, stride }))
    if (!(given > 0 && given < Infinity))
      throw new TensorError(`windowed: ${name} is ${shown(given)}, expected a finite number > 0`);
  if (typeof partial !== "boolean")
    throw new TensorError(`windowed: partial is ${shown(partial)}, expected true or false`);
  checkObservations("windowed", observations);
  const { ids, variables, statics, times, values, mask } = observations;
  const windows = ids.map((_, row) => windowsOf(observations, row, { length, stride, partial }));
  const all = windows.flat();
  const offsets = new Int32Array(all.length + 1);
  all.forEach(({ from, to }, i) => (offsets[i + 1] = nth(offsets, i) + to - from));
  const rows = all.map(({ row }) => ({ from: row, to: row + 1 }));
  return {
    observations: {
      ...observations,
      ids: windows.flatMap((own, row) => own.map((_, i) => `${nth(ids, row)}#${i}`)),
      offsets: tensor(offsets),
      times: joined(times, all),
      values: joined(values, all),
      mask: joined(mask, all),
      statics: {
        ...statics,
        values: joined(statics.values, rows),
        mask: joined(statics.mask, rows),
      },
    },
    rows: Int32Array.from(all, ({ row }) => row),
    outside: observedCount(observations) - countIn(all, times.data.length, variables.length, mask),
  };
}

/** The windows of a row. Their steps are found from the times of their beginnings, so that neighbors share no step. */
function windowsOf(
  { offsets, times, ids }: Observations,
  row: number,
  { length, stride, partial }: Required<WindowedOptions>,
): Window[] {
  const [begin, end] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
  if (begin === end) return [];
  const [first, last] = [nth(times.data, begin), nth(times.data, end - 1)];
  const strides = length / stride;
  const ends = (i: number): number =>
    Number.isInteger(strides) ? first + (i + strides) * stride : first + i * stride + length;
  if (!((last - first) / stride < 1e7))
    throw new TensorError(`windowed: ${shown(nth(ids, row))} has more than 10 million windows; use a larger stride`);
  const windows: Window[] = [];
  for (let i = 0; first + i * stride <= last; i++) {
    const from = stepFrom(times.data, first + i * stride, begin, end);
    if (partial || ends(i) <= last) windows.push({ row, from, to: stepFrom(times.data, ends(i), from, end) });
  }
  return windows;
}

/** The first of the steps from `low` to `high` that is not before a time; `high` if there is none. */
function stepFrom(times: ArrayLike<number>, time: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nth(times, middle) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many observed values are in at least one window. */
function countIn(windows: readonly Window[], steps: number, width: number, mask: ArrayTensor): number {
  const isIn = new Int32Array(steps);
  for (const { from, to } of windows) isIn.fill(1, from, to);
  return mask.data.filter((observed, at) => observed === 1 && isIn[Math.floor(at / width)] === 1).length;
}
