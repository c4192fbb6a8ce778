import { full, greater, iota, less, reshape, select, sum, type Tensor } from "@sluice/tensor";
import { stepsOf, type GivenModality } from "../modalities.ts";

/** bool `[batch]`: the rows that have the modality. A sequence without a step that is present is missing. */
export function rowsPresent(given: GivenModality): Tensor {
  const { spec, x, rows, steps } = given;
  const [batch = 0, time = 0] = x.shape;
  if (spec.kind === "vector") return rows ?? full([batch], 1, "bool");
  const count = stepsOf(given) ?? full([batch], time, "i32");
  if (steps === undefined) return greater(count, 0);
  const within = less(iota([1, time], { axis: 1 }), reshape(count, [batch, 1]));
  return greater(sum(select(within, select(steps, full([batch, time], 1), 0), 0), 1), 0);
}
