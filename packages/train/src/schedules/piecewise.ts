import { less, scalar, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkValue } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/**
 * `values[0]` before step `boundaries[0]`, `values[1]` from there to before `boundaries[1]`, and so on. There is one
 * value more than boundaries. A value may be a schedule; its steps are counted from the start of training.
 */
export function piecewise(boundaries: readonly number[], values: readonly (number | Schedule)[]): Schedule {
  if (values.length !== boundaries.length + 1) {
    throw new TensorError(
      `piecewise: ${boundaries.length} boundaries need ${boundaries.length + 1} values, got ${values.length}`,
    );
  }
  if (boundaries.some((b, i) => i > 0 && !(boundaries[i - 1]! < b)))
    throw new TensorError(`piecewise: boundaries must rise, got ${boundaries.join(", ")}`);
  values.forEach((value, i) => checkValue("piecewise", `values[${i}]`, value));
  return (t) => {
    const at = (i: number): Tensor => {
      const value = values[i]!;
      return typeof value === "number" ? scalar(value, t.dtype) : value(t);
    };
    return boundaries.reduceRight<Tensor>(
      (after, boundary, i) => select(less(t, boundary), at(i), after),
      at(boundaries.length),
    );
  };
}
