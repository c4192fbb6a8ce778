import {
  add,
  and,
  convert,
  div,
  less,
  mapTree,
  min,
  mul,
  scalar,
  select,
  sqrt,
  stack,
  sub,
  TensorError,
  zipTrees,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, euclideanNorm } from "@sluice/tensor/internal";
import { checkCount, checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform } from "./gradient-transform.ts";
import { dtypeOf, treeNorm } from "./norm.ts";

/** Options of {@link zClip}. */
export interface ZClipOptions {
  /** z_thres: from how many deviations above the mean a norm is clipped. Default 2.5, as in the paper. */
  readonly threshold?: number;
  /** alpha: how much of mean and variance stays in a step. Default 0.97, as in the paper. */
  readonly decay?: number;
  /** How many steps measure the first mean and deviation, without clipping. Default 25, as in the paper. */
  readonly warmup?: number;
  /** Added to the deviation in the denominator of z. Default 1e-6, as in the authors' code. */
  readonly epsilon?: number;
}

/** mu and sigma of the norm, [], and how many norms they have seen, at most `warmup`, i32 []. */
type Moments = { readonly mean: Tensor; readonly deviation: Tensor; readonly count: Tensor };

/**
 * ZClip (Kumar et al. 2025, arXiv 2504.02507): clips the norm g_t of all gradients together where it is an outlier of a
 * moving mean and deviation.
 *
 *     z_t = (g_t - mu) / (sigma + epsilon)
 *     g*_t = mu + z_thres^2 / z_t sigma    where z_t > z_thres, else g_t
 *     gradient <- g*_t / g_t gradient
 *     mu <- alpha mu + (1 - alpha) g*_t
 *     sigma^2 <- alpha sigma^2 + (1 - alpha) (g*_t - mu)^2    with the new mu
 *
 * A larger outlier is clipped further. The first `warmup` steps are not clipped; mu and sigma^2 are then the mean and
 * the biased variance of their norms. Put {@link globalNorm} before it to limit these steps too.
 *
 * A norm that is NaN or infinite changes neither gradients nor moments; use {@link skipNonFinite} to skip such a step.
 * Reports `{ norm, limit, clipped }`: g_t, mu + z_thres (sigma + epsilon), above which it is clipped after the
 * warm-up, and 1 if it was.
 */
export function zClip(options: ZClipOptions = {}): GradientTransform<Moments, ClipReport> {
  checkOptions("zClip", options, ["threshold", "decay", "warmup", "epsilon"], {
    alpha: "decay",
    zThresh: "threshold",
    z_thresh: "threshold",
    warmupSteps: "warmup",
    warmup_steps: "warmup",
    eps: "epsilon",
  });
  const { threshold = 2.5, decay = 0.97, warmup = 25, epsilon = 1e-6 } = options;
  checkPositive("zClip", "threshold", threshold);
  checkPositive("zClip", "epsilon", epsilon);
  checkCount("zClip", "warmup", warmup);
  if (!(typeof decay === "number" && decay >= 0 && decay < 1))
    throw new TensorError(`zClip: expected a decay from 0 to below 1, got ${decay}`);
  return {
    name: "zClip",
    init(params) {
      const zero = scalar(0, dtypeOf(params));
      return { mean: zero, deviation: zero, count: scalar(0, "i32") };
    },
    update(gradients, state) {
      const { mean: mu, deviation: sigma, count } = state;
      const norm = convert(treeNorm(gradients), mu.dtype);
      const finite = less(norm, Infinity);
      const isWarm = less(warmup - 1, count);
      const z = div(sub(norm, mu), add(sigma, epsilon));
      const clipped = and(and(finite, isWarm), less(threshold, z));
      const allowed = select(clipped, add(mu, mul(div(threshold * threshold, z), sigma)), norm);
      const factor = select(clipped, div(allowed, norm), 1);
      return {
        gradients: mapTree(gradients, (g) => mul(g, convert(factor, g.dtype))),
        state: zipTrees(state, withNorm(state, allowed, { decay, warmup }), (old, next) => select(finite, next, old)),
        report: {
          norm,
          limit: add(mu, mul(add(sigma, epsilon), threshold)),
          clipped: convert(clipped, norm.dtype),
        },
      };
    },
  };
}

/** The moments with one more norm: over all norms so far in the warm-up, moving averages after it. */
function withNorm(
  { mean: mu, deviation: sigma, count }: Moments,
  norm: Tensor,
  { decay, warmup }: { readonly decay: number; readonly warmup: number },
): Moments {
  const isWarm = less(warmup - 1, count);
  const weight = select(isWarm, scalar(1 - decay, norm.dtype), div(1, add(convert(count, norm.dtype), 1)));
  const rest = sub(1, weight);
  const mean = add(mu, mul(weight, sub(norm, mu)));
  // A deviation from the new mean, as published, or in the warm-up Welford's product of those from both means.
  const spread = select(isWarm, sub(norm, mean), mul(sqrt(rest), sub(norm, mu)));
  // The root of rest sigma^2 + weight spread^2, which does not overflow where the squares would.
  const deviation = euclideanNorm(stack([mul(sqrt(rest), sigma), mul(sqrt(weight), spread)]));
  return { mean, deviation, count: min(add(count, 1), warmup) };
}
