import { convert, mapTree, mul, TensorError, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { GradientTransform, NoState } from "@sluice/clip";
import type { Schedule } from "../schedules/schedule.ts";

/** The learning rate: a number, or a {@link Schedule} of the number of steps so far. */
export type LearningRate = number | Schedule;

/**
 * `g <- eta g`: the learning rate. It usually comes last in a chain, because the result of a chain is subtracted from
 * the parameters. A schedule gets the number of steps of the run, skipped ones included.
 */
export function descend(learningRate: LearningRate): GradientTransform<NoState> {
  if (typeof learningRate === "number" && !(learningRate >= 0 && learningRate < Infinity))
    throw new TensorError(`descend: expected a finite learningRate >= 0, got ${shown(learningRate)}`);
  return {
    name: "descend",
    init: () => ({}),
    update(gradients, state, _, { step }) {
      const rates = new Map<string, Tensor | number>();
      const rate = (dtype: Tensor["dtype"]): Tensor | number => {
        if (typeof learningRate === "number") return learningRate;
        const known = rates.get(dtype) ?? learningRate(convert(step, dtype));
        rates.set(dtype, known);
        return known;
      };
      return { gradients: mapTree(gradients, (g) => mul(g, rate(g.dtype))), state };
    },
  };
}
