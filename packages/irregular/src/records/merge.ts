import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkList, lookUp, nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "./check-observations.ts";
import type { Observations, Statics, Variable } from "./observations.ts";
import { inOrder } from "./variables.ts";

/**
 * Data sets of the same rows with other variables, merged at their true times: of sensors with several sampling rates,
 * each in a table of its own. A row has the times of all parts, and at each of them what was observed then. Rows are
 * those of any part, sorted by id; variables and static variables are those of the parts, one after another.
 *
 * Nothing is resampled: make a view with `gridded` for one sampling rate. Throws a TensorError if the units of time
 * differ, or if a variable is in two parts.
 */
export function mergeObservations(parts: readonly Observations[]): Observations {
  checkList("mergeObservations", "the data sets", parts, "[first, second]");
  const [first] = parts;
  if (first === undefined) throw new TensorError("mergeObservations: expected at least one data set, got none");
  parts.forEach((part, i) => {
    checkObservations("mergeObservations", part);
    if (part.timeUnit !== first.timeUnit)
      throw new TensorError(
        `mergeObservations: the times of data set ${i} are in ${part.timeUnit}, those of the first in ${first.timeUnit}; read both with the same time.unit`,
      );
  });
  const variables = parts.flatMap((part) => part.variables);
  const fixed = parts.flatMap(({ statics }) => statics.variables);
  checkDistinct([...variables, ...fixed]);
  const ids = inOrder([...new Set(parts.flatMap((part) => part.ids))]);
  return {
    variables,
    ids,
    timeUnit: first.timeUnit,
    ...mergedSteps(parts, ids, variables.length),
    statics: mergedStatics(parts, ids, fixed),
  };
}

function checkDistinct(variables: readonly Variable[]): void {
  const names = variables.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TensorError(
      `mergeObservations: ${shown(twice)} is in two data sets; leave it out of one with variables or statics, and for other rows with the same variables use joinObservations`,
    );
}

/** For each data set, a function from an id to its row. */
function rowsById(parts: readonly Observations[]): readonly ((id: string) => number | undefined)[] {
  return parts.map(({ ids }) => {
    const rows = new Map(ids.map((id, row) => [id, row]));
    return (id) => rows.get(id);
  });
}

function mergedSteps(
  parts: readonly Observations[],
  ids: readonly string[],
  width: number,
): Pick<Observations, "offsets" | "times" | "values" | "mask"> {
  const rowsOf = rowsById(parts);
  const stepsOf = (part: number, id: string): readonly number[] => {
    const row = rowsOf[part]?.(id);
    if (row === undefined) return [];
    const { offsets } = nth(parts, part);
    const from = nth(offsets.data, row);
    return Array.from({ length: nth(offsets.data, row + 1) - from }, (_, i) => from + i);
  };
  const timesOf = ids.map((id) => {
    const all = parts.flatMap(({ times }, part) => stepsOf(part, id).map((step) => nth(times.data, step)));
    return Float64Array.from(new Set(all)).sort();
  });
  const offsets = new Int32Array(ids.length + 1);
  timesOf.forEach((times, row) => (offsets[row + 1] = nth(offsets, row) + times.length));
  const count = nth(offsets, ids.length);
  const values = new Float64Array(count * width).fill(Number.NaN);
  const mask = new Int32Array(count * width);
  ids.forEach((id, row) => {
    const stepAt = new Map(Array.from(nth(timesOf, row), (time, i) => [time, nth(offsets, row) + i]));
    let left = 0;
    parts.forEach((part, p) => {
      const own = part.variables.length;
      for (const step of stepsOf(p, id)) {
        const to = lookUp(stepAt, nth(part.times.data, step), "a time that was collected") * width + left;
        values.set(part.values.data.subarray(step * own, (step + 1) * own), to);
        mask.set(part.mask.data.subarray(step * own, (step + 1) * own), to);
      }
      left += own;
    });
  });
  return {
    offsets: tensor(offsets),
    times: tensor(Float64Array.from(timesOf.flatMap((times) => [...times]))),
    values: tensor(values, [count, width]),
    mask: tensor(mask, [count, width], { dtype: "bool" }),
  };
}

function mergedStatics(
  parts: readonly Observations[],
  ids: readonly string[],
  variables: readonly Variable[],
): Statics {
  const width = variables.length;
  const values = new Float64Array(ids.length * width).fill(Number.NaN);
  const mask = new Int32Array(ids.length * width);
  const rowsOf = rowsById(parts);
  ids.forEach((id, row) => {
    let left = 0;
    parts.forEach(({ statics }, p) => {
      const own = statics.variables.length;
      const from = rowsOf[p]?.(id);
      const copy = (to: Float64Array | Int32Array, { data }: ArrayTensor): void => {
        if (from !== undefined) to.set(data.subarray(from * own, (from + 1) * own), row * width + left);
      };
      copy(values, statics.values);
      copy(mask, statics.mask);
      left += own;
    });
  });
  return {
    variables,
    values: tensor(values, [ids.length, width]),
    mask: tensor(mask, [ids.length, width], { dtype: "bool" }),
  };
}
