import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { allocate, checkList, nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "./check-observations.ts";
import type { Observations } from "./observations.ts";

/**
 * The rows of several data sets, one after another: of files that were read one by one, for instance. Throws a
 * TensorError if they have other variables, static variables or units, or if two rows have the same id.
 */
export function joinObservations(parts: readonly Observations[]): Observations {
  checkList("joinObservations", "the data sets", parts, "[first, second]");
  const [first] = parts;
  if (first === undefined) throw new TensorError("joinObservations: expected at least one data set, got none");
  const kindOf = ({ variables, statics, timeUnit }: Observations): string =>
    JSON.stringify({ timeUnit, variables, statics: statics.variables });
  parts.forEach((part, i) => {
    checkObservations("joinObservations", part);
    if (kindOf(part) !== kindOf(first))
      throw new TensorError(
        `joinObservations: data set ${i} has ${kindOf(part)}, but the first has ${kindOf(first)}; read them with the same options`,
      );
  });
  const ids = parts.flatMap((part) => part.ids);
  if (new Set(ids).size !== ids.length) {
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    throw new TensorError(`joinObservations: two rows have the id ${shown(twice)}`);
  }
  const offsets = new Int32Array(ids.length + 1);
  let row = 0;
  for (const part of parts) {
    const start = nth(offsets, row);
    for (let own = 1; own <= part.ids.length; own++) offsets[++row] = start + nth(part.offsets.data, own);
  }
  return {
    ...first,
    ids,
    offsets: tensor(offsets),
    times: stacked(parts.map(({ times }) => times)),
    values: stacked(parts.map(({ values }) => values)),
    mask: stacked(parts.map(({ mask }) => mask)),
    statics: {
      ...first.statics,
      values: stacked(parts.map(({ statics }) => statics.values)),
      mask: stacked(parts.map(({ statics }) => statics.mask)),
    },
  };
}

/** Arrays of one dtype, one after another along the first axis. */
function stacked(arrays: readonly ArrayTensor[]): ArrayTensor {
  const { dtype, shape } = nth(arrays, 0);
  const data = allocate(
    dtype,
    arrays.reduce((length, array) => length + array.data.length, 0),
  );
  let at = 0;
  for (const array of arrays) {
    data.set(array.data, at);
    at += array.data.length;
  }
  const length = arrays.reduce((sum, array) => sum + nth(array.shape, 0), 0);
  return tensor(data, [length, ...shape.slice(1)], { dtype });
}
