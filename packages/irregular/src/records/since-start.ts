import { tensor, TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "./check-observations.ts";
import type { Observations } from "./observations.ts";

/**
 * The same observations with times since the start of each row, in the same unit: dates become hours since admission,
 * for example, so that bins of a grid mean the same in every row. A row starts at its first step, or where `starts`
 * says, one time for each row; times before it are negative.
 *
 * Throws a TensorError for another number of starts than of rows, and for one that is not finite.
 */
export function sinceStart(observations: Observations, starts?: ArrayLike<number>): Observations {
  checkObservations("sinceStart", observations);
  const { ids, offsets, times } = observations;
  if (starts !== undefined && starts.length !== ids.length)
    throw new TensorError(
      `sinceStart: expected a start for each of ${ids.length} rows, in the order of the ids, got ${starts.length}`,
    );
  const moved = new Float64Array(times.data.length);
  ids.forEach((id, row) => {
    const [from, to] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
    if (from === to) return;
    const start = starts === undefined ? nth(times.data, from) : nth(starts, row);
    if (!Number.isFinite(start))
      throw new TensorError(`sinceStart: the start of ${shown(id)} is ${shown(start)}, expected a finite time`);
    for (let step = from; step < to; step++) moved[step] = nth(times.data, step) - start;
  });
  return { ...observations, times: tensor(moved, [moved.length]) };
}
