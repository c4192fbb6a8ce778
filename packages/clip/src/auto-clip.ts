import {
  add,
  concat,
  convert,
  div,
  floor,
  full,
  gather,
  iota,
  less,
  mapTree,
  max,
  min,
  mul,
  reshape,
  scalar,
  select,
  sliceAxis,
  sort,
  sub,
  TensorError,
  zerosLike,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "./check.ts";
import type { ClipReport, GradientTransform } from "./gradient-transform.ts";
import { dtypeOf, treeNorm } from "./norm.ts";

/** Options of {@link autoClip}. */
export interface AutoClipOptions {
  /** Which percentile of the norms is the limit, from 0 to 100. Default 10, as in the paper. */
  readonly percentile?: number;
  /** How many of the latest norms count. The paper takes all. Default 1000. */
  readonly window?: number;
}

/** The latest norms, the newest last, `[window]`, and how many of them there are, i32 []. */
type History = { readonly norms: Tensor; readonly count: Tensor };

/**
 * AutoClip (Seetharaman et al. 2020, arXiv 2007.14469): the limit is a percentile of the norms so far.
 *
 *     G_h(t) = G_h(t-1) with |g_t| added
 *     eta_c(t) = the p-th percentile of G_h(t)
 *     g_t <- g_t min(1, eta_c(t) / |g_t|)
 *
 * Here `G_h` keeps the latest `window` norms. Between two norms, the percentile is interpolated linearly, as in NumPy,
 * which the authors use. The norm is over all gradients together.
 *
 * A norm that is NaN or infinite is not added; use {@link skipNonFinite} to skip such a step. Reports `{ norm, limit,
 * clipped }`: |g_t|, eta_c(t), and 1 if the step was clipped.
 */
export function autoClip(options: AutoClipOptions = {}): GradientTransform<History, ClipReport> {
  checkOptions("autoClip", options, ["percentile", "window"], { p: "percentile", clipPercentile: "percentile" });
  const { percentile = 10, window = 1000 } = options;
  if (!(typeof percentile === "number" && percentile >= 0 && percentile <= 100))
    throw new TensorError(`autoClip: expected a percentile from 0 to 100, got ${percentile}`);
  checkCount("autoClip", "window", window);
  return {
    name: "autoClip",
    init: (params) => ({ norms: full([window], 0, dtypeOf(params)), count: scalar(0, "i32") }),
    update(gradients, state) {
      const norm = convert(treeNorm(gradients), state.norms.dtype);
      const finite = less(norm, Infinity);
      const longer = concat([sliceAxis(state.norms, 0, 1, window), reshape(norm, [1])]);
      const norms = select(finite, longer, state.norms);
      const count = min(add(state.count, convert(finite, "i32")), window);
      const limit = percentileOf(norms, count, percentile);
      const clipped = less(limit, norm);
      const factor = select(clipped, div(limit, norm), 1);
      return {
        gradients: mapTree(gradients, (g) => mul(g, convert(factor, g.dtype))),
        state: { norms, count },
        report: { norm, limit, clipped: convert(clipped, norm.dtype) },
      };
    },
  };
}

/** The percentile of the last `count` elements of `norms` `[window]`; 0 if there are none. */
function percentileOf(norms: Tensor, count: Tensor, percentile: number): Tensor {
  const { dtype } = norms;
  const [window = 0] = norms.shape;
  const isEmpty = less(iota([window]), sub(window, count));
  const sorted = sort(select(isEmpty, Infinity, norms));
  const last = max(sub(count, 1), 0);
  const place = mul(convert(last, dtype), percentile / 100);
  const below = floor(place);
  const index = convert(below, "i32");
  const [lower, upper] = [gather(sorted, index), gather(sorted, min(add(index, 1), last))];
  const interpolated = add(lower, mul(sub(upper, lower), sub(place, below)));
  return select(less(0, count), interpolated, zerosLike(lower));
}
