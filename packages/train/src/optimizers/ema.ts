import type { GradientTransform } from "@sluice/clip";
import { add, greater, mapTree, mul, scalar, select, sub, zipTrees } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { AverageState } from "./averaged-weights.ts";
import { checkFraction } from "../checks.ts";

/** Options of {@link ema}. */
export interface EmaOptions {
  /** Decay of the average. Default 0.999. */
  readonly decay?: number;
}

/**
 * Keeps an exponential moving average a of the weights beside them (Polyak and Juditsky 1992, as PyTorch's
 * `AveragedModel` with `get_ema_multi_avg_fn`):
 *
 *     a <- w_1 after the first step;   a <- decay a + (1 - decay) w_t after step t
 *
 * It changes no updates. Put it last in a chain, where the weights after the step are known: `chain(adam({
 * learningRate: 0.001 }), ema({ decay: 0.999 }))`. {@link averagedWeights} returns a. A `constrain` of the trainer
 * comes after the optimizer, so a averages the weights before it.
 */
export function ema(options: EmaOptions = {}): GradientTransform<AverageState> {
  checkOptions("ema", options, ["decay"], { beta: "decay", momentum: "decay" });
  const { decay = 0.999 } = options;
  checkFraction("ema", "decay", decay);
  return {
    name: "ema",
    init: (params) => ({ averaged: scalar(0, "i32"), average: mapTree(params, (w) => w) }),
    update(updates, { averaged, average }, params) {
      const begun = greater(averaged, 0);
      const after = zipTrees(params, updates, sub);
      const a = zipTrees(average, after, (old, w) => select(begun, add(mul(old, decay), mul(w, 1 - decay)), w));
      return { gradients: updates, state: { averaged: add(averaged, 1), average: a } };
    },
  };
}
