import { convert, mapTree, mul, TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { GradientTransform, NoState } from "@sluice/clip";
import { checkValue } from "../checks.ts";
import { perDtype } from "./per-dtype.ts";
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
  checkValue("descend", "learningRate", learningRate);
  return {
    name: "descend",
    init: () => ({}),
    update(gradients, state, _, { step }) {
      const rate = perDtype((dtype) =>
        typeof learningRate === "number" ? learningRate : learningRate(convert(step, dtype)),
      );
      return { gradients: mapTree(gradients, (g) => mul(g, rate(g.dtype))), state };
    },
  };
}
