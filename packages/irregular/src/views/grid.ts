import { tensor, TensorError } from "@sluice/tensor";
import { allocate, checkOptions, nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations } from "../records/observations.ts";
import { summariesOf, type Statistic } from "./statistics.ts";
import type { ObservationsView } from "./view.ts";

/** Options of {@link gridded}. */
export interface GriddedOptions {
  /** The width of a bin, in the unit of the times. */
  readonly width: number;
  /**
   * What becomes of several values of a variable in one bin, for all variables or by name. Default: `"mean"`, and
   * `"last"` for categories.
   */
  readonly statistic?: Statistic | Readonly<Record<string, Statistic>>;
  /** Where the first bin of every row begins. Default: a multiple of `width`, just before the row's first time. */
  readonly from?: number;
  /** Where the last bin of every row ends, at the latest. Default: just after the row's last time. */
  readonly to?: number;
}

/**
 * The data set on a regular grid: one step per bin, also for bins without any value. The time of a step is where its
 * bin begins; its values are known only when the bin has ended. A bin includes its beginning and excludes its end.
 *
 * Where a bin has no value, the mask is false; only a count is observed there, as 0. With `from` and `to` all rows get
 * the same bins, rows without steps too. Values before `from` and from `to` on are left out, and counted in `outside`.
 */
export function gridded(observations: Observations, options: GriddedOptions): ObservationsView {
  const { width, statistic, from, to } = checkedOptions(options);
  checkObservations("gridded", observations);
  const { variables, offsets, times, ids, values, mask } = observations;
  const summaries = summariesOf("gridded", variables, statistic);
  const grid: Grid = { start: from ?? 0, width };
  const isInside = (time: number): boolean => time >= (from ?? -Infinity) && time < (to ?? Infinity);
  const starts = new Int32Array(ids.length + 1);
  const bins = ids.map((id, row) => {
    const inside = Array.from(times.data.subarray(nth(offsets.data, row), nth(offsets.data, row + 1))).filter(isInside);
    const found = binsOf(inside, grid, { from, to });
    const total = nth(starts, row) + found.count;
    if (!(total * Math.max(1, variables.length) < 2_147_483_648))
      throw new TensorError(`gridded: up to row ${shown(id)} there are ${total} bins, too many; use a larger width`);
    starts[row + 1] = total;
    return found;
  });
  const steps = nth(starts, ids.length);
  const ofNothing = summaries.map(({ of }) => of([]));
  const summarised = new Float64Array(steps * variables.length);
  const observed = allocate("bool", summarised.length);
  let outside = 0;
  for (let row = 0; row < ids.length; row++) {
    const { first, count } = nth(bins, row);
    // Few bins have a value of most variables, so most cells stay empty.
    const cells = new Array<number[] | undefined>(count * variables.length);
    for (let step = nth(offsets.data, row); step < nth(offsets.data, row + 1); step++) {
      const time = nth(times.data, step);
      const bin = binAt(time, grid) - first;
      for (let variable = 0; variable < variables.length; variable++) {
        const at = step * variables.length + variable;
        if (mask.data[at] === 0) continue;
        const cell = bin * variables.length + variable;
        if (!isInside(time)) outside++;
        else if (cells[cell]?.push(nth(values.data, at)) === undefined) cells[cell] = [nth(values.data, at)];
      }
    }
    const begin = nth(starts, row) * variables.length;
    for (let cell = 0; cell < cells.length; cell++) {
      const [found, variable] = [cells[cell], cell % variables.length];
      const value = found === undefined ? ofNothing[variable] : nth(summaries, variable).of(found);
      summarised[begin + cell] = value ?? Number.NaN;
      observed[begin + cell] = value === undefined ? 0 : 1;
    }
  }
  const beginnings = bins.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, bin) => beginningOf(first + bin, grid)),
  );
  return {
    observations: {
      ...observations,
      variables: summaries.map(({ variable }) => variable),
      offsets: tensor(starts),
      times: tensor(Float64Array.from(beginnings)),
      values: tensor(summarised, [steps, variables.length]),
      mask: tensor(observed, [steps, variables.length], { dtype: "bool" }),
    },
    rows: Int32Array.from(ids, (_, row) => row),
    outside,
  };
}

function checkedOptions(options: GriddedOptions): GriddedOptions {
  checkOptions("gridded", options, ["width", "statistic", "from", "to"], { bin: "width", by: "statistic" });
  const { width, from, to } = options;
  if (!(width > 0 && width < Infinity))
    throw new TensorError(`gridded: width is ${shown(width)}, expected a finite number > 0`);
  for (const [name, bound] of Object.entries({ from, to }))
    if (bound !== undefined && !Number.isFinite(bound))
      throw new TensorError(`gridded: ${name} is ${shown(bound)}, expected a finite number`);
  if (from !== undefined && to !== undefined && !(from < to))
    throw new TensorError(`gridded: to is ${to}, expected more than from, which is ${from}`);
  return options;
}

/** Bin `k` begins at `start + k width`. */
interface Grid {
  readonly start: number;
  readonly width: number;
}

const beginningOf = (bin: number, { start, width }: Grid): number => start + bin * width;

/** The bin of a time: the last one that does not begin after it. The quotient alone may be off by one. */
function binAt(time: number, grid: Grid): number {
  const near = Math.floor((time - grid.start) / grid.width);
  if (beginningOf(near, grid) > time) return near - 1;
  return beginningOf(near + 1, grid) <= time ? near + 1 : near;
}

/** The bins of a row with these times, which increase: the number of the first one, and how many. */
function binsOf(
  inside: readonly number[],
  grid: Grid,
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
): { readonly first: number; readonly count: number } {
  const [earliest, latest] = [inside[0], inside.at(-1)];
  if (latest === undefined && (from === undefined || to === undefined)) return { first: 0, count: 0 };
  const first = from === undefined ? binAt(earliest ?? 0, grid) : 0;
  const last = to === undefined ? binAt(latest ?? 0, grid) : binBefore(to, grid);
  return { first, count: last - first + 1 };
}

/** The last bin that begins before a time. */
function binBefore(time: number, grid: Grid): number {
  const bin = binAt(time, grid);
  return beginningOf(bin, grid) < time ? bin : bin - 1;
}
