import { globalNorm } from "@sluice/clip";
import { add, keyAt, keyFor, mapTree, mul, normal, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkNotNegative } from "../checks.ts";
import type { Differentiate, GradientMethod } from "./gradients.ts";
import type { Loss, LossResult } from "./loss.ts";
import { perExample } from "./per-example.ts";

/** Options of {@link differentiallyPrivate}. */
export interface DifferentiallyPrivateOptions {
  /** C: the largest norm of an example's gradient, over all parameters together. */
  readonly limit: number;
  /** sigma: the deviation of the noise, relative to C. 0 adds none. */
  readonly noise: number;
  /** L: the expected number of examples in a batch, by which the noisy sum is divided, however many there are. */
  readonly examples: number;
}

/**
 * The gradient of DP-SGD (Abadi et al. 2016, arXiv 1607.00133, algorithm 1), for `gradients` of a training step:
 *
 *     g~_i = g_i / max(1, |g_i| / C)
 *     g = 1/L (sum_i g~_i + N(0, sigma^2 C^2 I))
 *
 * The noise of an element of g therefore has the deviation sigma C / L. It comes from the run's key and the step, so a
 * resumed run draws the same noise as an uninterrupted one. The clipping is that of {@link perExample} with
 * `globalNorm(C)`, whose rules and report it has. The resulting privacy is not computed here: it needs batches that are
 * drawn by Poisson sampling, and a loss without a penalty whose weights depend on the data. Opacus adds 1e-6 to |g_i|.
 *
 * Throws a TensorError where an option is missing, `limit` or `examples` is not a finite number above 0, or `noise` is
 * not a finite number of at least 0.
 */
export function differentiallyPrivate(options: DifferentiallyPrivateOptions): GradientMethod {
  const name = "differentiallyPrivate";
  checkOptions(name, options, ["limit", "noise", "examples"], {
    maxGradNorm: "limit",
    max_grad_norm: "limit",
    noiseMultiplier: "noise",
    noise_multiplier: "noise",
    sigma: "noise",
    batchSize: "examples",
    divideBy: "examples",
  });
  const { limit, noise, examples } = options;
  for (const [option, value] of Object.entries({ limit, examples }))
    if (!(typeof value === "number" && value > 0 && value < Infinity))
      throw new TensorError(`${name}: expected ${option} as a finite number above 0, got ${shown(value)}`);
  checkNotNegative(name, "noise", noise);
  const clipped = perExample(globalNorm(limit), { divideBy: examples });
  const deviation = (noise * limit) / examples;
  return {
    name,
    of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
      loss: Loss<P, B, R, C, F>,
      regularization: ((params: P) => Tensor) | undefined,
    ): Differentiate<P, B, R, C, F> {
      const mean = clipped.of(loss, regularization);
      return (state, batch) => {
        const found = mean(state, batch);
        const key = keyFor(keyAt(state.key, state.step), name);
        const noisy = (g: Tensor, path: string): Tensor =>
          add(g, mul(normal(keyFor(key, path), g.shape, { dtype: g.dtype }), deviation));
        return noise === 0 ? found : { ...found, gradient: mapTree(found.gradient, noisy) };
      };
    },
  };
}
