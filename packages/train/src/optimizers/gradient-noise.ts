import { add, convert, exp, keyFor, leavesOf, log, mapTree, mul, normal, scalar, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { GradientTransform, NoState } from "@sluice/clip";
import { checkNotNegative } from "../checks.ts";

/** Options of {@link gradientNoise}. */
export interface GradientNoiseOptions {
  /** The standard deviation of each element's noise (at step 0, with `decay`). */
  readonly deviation: number;
  /**
   * Anneals the variance: at step t it is `deviation^2 / (1 + t)^decay`. Neelakantan et al. use 0.55, and 0.01, 0.3 or
   * 1 for `deviation^2`. Default 0: no annealing.
   */
  readonly decay?: number;
}

/**
 * `g <- g + N(0, sigma_t^2)`, independently for each element and step, with `sigma_t = deviation / (1 + t)^(decay / 2)`
 * (Neelakantan et al. 2015, arXiv 1511.06807, eq. 1). The noise comes from the run's key, so a resumed run draws the
 * same noise as an uninterrupted one.
 *
 * Put it after the clippers; otherwise they would clip the noise too. DP-SGD (Abadi et al. 2016, arXiv 1607.00133,
 * algorithm 1) is `gradients: perExample(globalNorm(C), { divideBy: L })` and `gradientNoise({ deviation: sigma C / L
 * })`. The resulting privacy is not computed here.
 *
 * Reports `{ deviation }`: sigma_t.
 */
export function gradientNoise(
  options: GradientNoiseOptions,
): GradientTransform<NoState, { readonly deviation: Tensor }> {
  checkOptions("gradientNoise", options, ["deviation", "decay"], {
    std: "deviation",
    stddev: "deviation",
    sigma: "deviation",
    eta: "deviation",
    gamma: "decay",
  });
  const { deviation, decay = 0 } = options;
  checkNotNegative("gradientNoise", "deviation", deviation);
  checkNotNegative("gradientNoise", "decay", decay);
  return {
    name: "gradientNoise",
    init: () => ({}),
    update(gradients, state, _, { key, step }) {
      const at = (dtype: Tensor["dtype"]): Tensor => {
        if (decay === 0) return scalar(deviation, dtype);
        return mul(exp(mul(log(add(convert(step, dtype), 1)), -decay / 2)), deviation);
      };
      const noisy = mapTree(gradients, (g, path) =>
        add(g, mul(normal(keyFor(key, path), g.shape, { dtype: g.dtype }), at(g.dtype))),
      );
      return { gradients: noisy, state, report: { deviation: at(leavesOf(gradients)[0]?.tensor.dtype ?? "f32") } };
    },
  };
}
