import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { nth, shown, suggestion } from "@sluice/tensor/internal";
import { checkObservations } from "./check-observations.ts";
import type { Observations } from "./observations.ts";

/**
 * The class of each row, i32 `[rows]`: the value of a static variable with categories, such as an outcome. Number n is
 * the category n.
 *
 * Throws a TensorError if there is no such static variable, if it has no categories, or if the class of a row is
 * unknown: leave such rows out with `takeRows`, which is not done for you.
 */
export function labelsOf(observations: Observations, name: string): ArrayTensor {
  checkObservations("labelsOf", observations);
  const { ids, statics } = observations;
  const names = statics.variables.map((variable) => variable.name);
  const column = names.indexOf(name);
  if (column < 0)
    throw new TensorError(`labelsOf: no static variable is called ${shown(name)}; ${suggestion(name, names)}`);
  if (statics.variables[column]?.categories === undefined)
    throw new TensorError(
      `labelsOf: ${shown(name)} has no categories; name them where the table is read, as in statics: [{ name: ${shown(name)}, categories: ["no", "yes"] }]`,
    );
  const at = (row: number): number => row * names.length + column;
  const unknown = ids.filter((_, row) => nth(statics.mask.data, at(row)) === 0);
  if (unknown.length > 0)
    throw new TensorError(
      `labelsOf: ${shown(name)} is unknown in ${unknown.length} of ${ids.length} rows, such as ${shown(unknown[0])}; leave them out with takeRows`,
    );
  return tensor(Int32Array.from(ids, (_, row) => nth(statics.values.data, at(row))));
}
