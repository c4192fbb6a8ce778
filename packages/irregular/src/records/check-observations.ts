import { isTensor, TensorError, type DType } from "@sluice/tensor";
import { checkList, describe, hasMembers, nth, sameShape, shown } from "@sluice/tensor/internal";
import type { Observations, Statics } from "./observations.ts";
import { checkTimeUnit } from "./time.ts";
import { variablesFrom } from "./variables.ts";

/**
 * Throws a TensorError if the parts of observations do not fit each other: shapes, dtypes, offsets that decrease, or
 * times of a row that do not increase. Observations are plain data, so anyone can make them.
 */
export function checkObservations(operation: string, observations: Observations): void {
  const parts = { variables: "object", ids: "object", statics: "object", values: "object", times: "object" };
  if (!hasMembers(observations, parts))
    throw new TensorError(
      `${operation}: expected observations, such as fromCsv(text, options).observations, got ${shown(observations)}`,
    );
  const { variables, ids, timeUnit, offsets, times, values, mask, statics } = observations;
  variablesFrom(operation, "variables", variables);
  checkTimeUnit(operation, "timeUnit", timeUnit);
  checkList(operation, "ids", ids, '["a", "b"]');
  if (!ids.every((id) => typeof id === "string") || new Set(ids).size !== ids.length)
    throw new TensorError(`${operation}: ids is ${shown(ids)}, expected texts of which no two are the same`);
  checkArray(operation, "offsets", offsets, "i32", [ids.length + 1]);
  const steps = isTensor(times) ? (times.shape[0] ?? 0) : 0;
  checkArray(operation, "times", times, "f64", [steps]);
  checkArray(operation, "values", values, "f64", [steps, variables.length]);
  checkArray(operation, "mask", mask, "bool", [steps, variables.length]);
  checkStatics(operation, statics, ids.length);
  checkTimes(operation, observations, steps);
}

function checkStatics(operation: string, statics: Statics, rows: number): void {
  if (!hasMembers(statics, { variables: "object", values: "object", mask: "object" }))
    throw new TensorError(`${operation}: statics is ${shown(statics)}, expected { variables, values, mask }`);
  const { variables, values, mask } = statics;
  variablesFrom(operation, "statics.variables", variables);
  checkArray(operation, "statics.values", values, "f64", [rows, variables.length]);
  checkArray(operation, "statics.mask", mask, "bool", [rows, variables.length]);
}

function checkArray(operation: string, name: string, given: unknown, dtype: DType, shape: readonly number[]): void {
  const expected = `${dtype} [${shape.join(",")}]`;
  if (!isTensor(given)) throw new TensorError(`${operation}: ${name} is ${shown(given)}, expected ${expected}`);
  if (given.kind !== "array" || given.dtype !== dtype || !sameShape(given.shape, shape))
    throw new TensorError(`${operation}: ${name} is ${given.dtype} ${describe(given)}, expected ${expected}`);
}

function checkTimes(operation: string, { offsets, times, ids }: Observations, steps: number): void {
  if (nth(offsets.data, 0) !== 0 || nth(offsets.data, ids.length) !== steps)
    throw new TensorError(
      `${operation}: offsets go from ${offsets.data[0]} to ${offsets.data[ids.length]}, expected 0 to ${steps}, the number of steps`,
    );
  ids.forEach((id, row) => {
    const [from, to] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
    if (from > to) throw new TensorError(`${operation}: offsets decrease at row ${row}, from ${from} to ${to}`);
    for (let step = from; step < to; step++) {
      const time = nth(times.data, step);
      if (!Number.isFinite(time) || (step > from && !(time > nth(times.data, step - 1))))
        throw new TensorError(
          `${operation}: the times of row ${shown(id)} must be finite and increase, got ${time} after ${times.data[step - 1]}`,
        );
    }
  });
}
