import { add, convert, mapTree, mul, neg, scalar, TensorError, tensorsOf, type Tensor } from "@sluice/tensor";
import type { Schedule } from "../schedules/schedule.ts";
import type { Optimizer } from "./optimizer.ts";

/** The learning rate: a number, or a {@link Schedule} of the number of updates made so far. */
export type LearningRate = number | Schedule;

/** Steps made so far, i32 []; nothing to count with a constant rate. */
type DescendState = { readonly count?: Tensor };

/** `u <- -eta u`: the last member of a chain, which turns what came before into a step downhill. */
export function descend(learningRate: LearningRate): Optimizer<DescendState> {
  if (typeof learningRate === "number") {
    if (!(learningRate >= 0 && learningRate < Infinity))
      throw new TensorError(`descend: expected a finite learningRate >= 0, got ${learningRate}`);
    return {
      name: "descend",
      init: () => ({}),
      update: (gradients, state) => ({ updates: mapTree(gradients, (u) => mul(u, -learningRate)), state }),
    };
  }
  return {
    name: "descend",
    init: () => ({ count: scalar(0, "i32") }),
    update(gradients, { count }) {
      if (count === undefined)
        throw new TensorError("descend: the state has no count; make it with init of the same optimizer");
      const rates = new Map<string, Tensor>();
      const rate = (dtype: Tensor["dtype"]): Tensor => {
        const known = rates.get(dtype) ?? neg(learningRate(convert(count, dtype)));
        rates.set(dtype, known);
        return known;
      };
      const updates = tensorsOf(gradients).length === 0 ? gradients : mapTree(gradients, (u) => mul(u, rate(u.dtype)));
      return { updates, state: { count: add(count, 1) } };
    },
  };
}
