import { isTensor, TensorError, type DType } from "@sluice/tensor";
import { checkList, hasMembers, shown } from "@sluice/tensor/internal";
import { checkArray, checkTimes } from "./check-parts.ts";
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
  checkPart(operation, "offsets", offsets, "i32", [ids.length + 1]);
  const steps = isTensor(times) ? (times.shape[0] ?? 0) : 0;
  checkPart(operation, "times", times, "f64", [steps]);
  checkPart(operation, "values", values, "f64", [steps, variables.length]);
  checkPart(operation, "mask", mask, "bool", [steps, variables.length]);
  checkStatics(operation, statics, ids.length);
  checkTimes(operation, observations, (row) => shown(ids[row]));
}

function checkStatics(operation: string, statics: Statics, rows: number): void {
  if (!hasMembers(statics, { variables: "object", values: "object", mask: "object" }))
    throw new TensorError(`${operation}: statics is ${shown(statics)}, expected { variables, values, mask }`);
  const { variables, values, mask } = statics;
  variablesFrom(operation, "statics.variables", variables);
  checkPart(operation, "statics.values", values, "f64", [rows, variables.length]);
  checkPart(operation, "statics.mask", mask, "bool", [rows, variables.length]);
}

function checkPart(operation: string, name: string, given: unknown, dtype: DType, shape: readonly number[]): void {
  checkArray(`${operation}: ${name}`, given, `${dtype} [${shape.join(",")}]`, [dtype], shape);
}
