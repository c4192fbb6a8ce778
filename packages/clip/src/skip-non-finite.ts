import { add, and, convert, less, not, scalar, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { GradientTransform } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

export interface SkipNonFiniteOptions {
  /**
   * After this many skipped steps in a row the next is not skipped, so that a run whose weights are beyond repair ends
   * as diverged instead of standing still unseen. Default 10; Infinity never gives up.
   */
  readonly consecutive?: number;
}

/** Steps skipped: in all, and without a good one in between; both i32 []. */
type SkipState = { readonly skipped: Tensor; readonly consecutive: Tensor };

/** `skipped` is the count of the whole run, i32 []; `clipped` is 1 where this step is skipped. */
type SkipReport = { readonly norm: Tensor; readonly clipped: Tensor; readonly skipped: Tensor };

/**
 * Skips the whole update where an element of the gradients is NaN or infinite: `skip` is true, and neither weights nor
 * moments move.
 *
 * Reports `{ norm, clipped, skipped }`.
 */
export function skipNonFinite(options: SkipNonFiniteOptions = {}): GradientTransform<SkipState, SkipReport> {
  checkOptions("skipNonFinite", options, ["consecutive"]);
  const { consecutive: patience = 10 } = options;
  if (!(patience >= 1) || (patience !== Infinity && !Number.isInteger(patience))) {
    throw new TensorError(`skipNonFinite: expected consecutive as an integer >= 1 or Infinity, got ${patience}`);
  }
  const most = Math.min(patience, 2147483647);
  return {
    name: "skipNonFinite",
    init: () => ({ skipped: scalar(0, "i32"), consecutive: scalar(0, "i32") }),
    update(gradients, state) {
      const norm = treeNorm(gradients);
      const bad = not(less(treeNorm(gradients, "max"), Infinity));
      const skip = and(bad, less(state.consecutive, most));
      const skipped = add(state.skipped, convert(skip, "i32"));
      return {
        gradients,
        state: { skipped, consecutive: select(bad, add(state.consecutive, convert(skip, "i32")), 0) },
        report: { norm, clipped: convert(skip, norm.dtype), skipped },
        skip,
      };
    },
  };
}
